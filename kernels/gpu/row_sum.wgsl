// Shared by kernels that reduce one row in one workgroup: the sum, or the maximum, of a value over its LANES threads.
// With SUBGROUPS a workgroup is exactly one subgroup. Without, threads meet in workgroup memory: an eighth of them take eight
// values each, then all take what these found, so that no barrier follows. Both have a fixed order.
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
var<workgroup> eighths: array<f32, {{LANES / 8}}>;
//% for each in 0..2
fn {{each ? "rowMax" : "rowSum"}}(value: f32, lane: u32) -> f32 {
  workgroupBarrier(); // a call before this one may still be reading
  partial[lane] = value;
  workgroupBarrier();
  if (lane < {{LANES / 8}}u) {
    var some = partial[lane];
    //% for n in 1..8
    some = {{each ? `max(some, partial[lane + ${n * LANES / 8}u])` : `some + partial[lane + ${n * LANES / 8}u]`}};
    //% end
    eighths[lane] = some;
  }
  workgroupBarrier();
  var all = eighths[0];
  //% for n in 1..LANES / 8
  all = {{each ? `max(all, eighths[${n}])` : `all + eighths[${n}]`}};
  //% end
  return all;
}
//% end
//% end
