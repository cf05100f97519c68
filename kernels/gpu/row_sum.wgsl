// Shared by kernels that reduce one row in one workgroup: the sum, or the maximum, of a value over its LANES threads.
// With SUBGROUPS a workgroup is exactly one subgroup. Without, a tree in workgroup memory. Both have a fixed order.
//% if SUBGROUPS
fn rowSum(value: f32, lane: u32) -> f32 { return subgroupAdd(value); }
// Not subgroupMax(), which Mesa's lavapipe computes lane by lane; with a constant mask a shuffle is one instruction.
fn rowMax(value: f32, lane: u32) -> f32 {
  var most = value;
  //% for step in 0..Math.log2(LANES)
  most = max(most, subgroupShuffleXor(most, {{2 ** step}}u));
  //% end
  return most;
}
//% else
var<workgroup> partial: array<f32, {{LANES}}>;
fn rowSum(value: f32, lane: u32) -> f32 {
  workgroupBarrier(); // a call before this one may still be reading
  partial[lane] = value;
  for (var half = {{LANES / 2}}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] += partial[lane + half]; }
  }
  let total = workgroupUniformLoad(&partial[0]);
  return total;
}
fn rowMax(value: f32, lane: u32) -> f32 {
  workgroupBarrier(); // a call before this one may still be reading
  partial[lane] = value;
  for (var half = {{LANES / 2}}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] = max(partial[lane], partial[lane + half]); }
  }
  let most = workgroupUniformLoad(&partial[0]);
  return most;
}
//% end
