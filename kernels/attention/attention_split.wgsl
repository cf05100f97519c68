// Shared by the attention kernels: where a head is too large for one lane's registers, SPLIT neighbouring lanes hold its
// vectors in turn. The sum of their shares of a value, the same in each of them.
fn splitSum(share: f32) -> f32 {
  var sum = share;
  //% for step in 0..Math.log2(SPLIT)
  sum += subgroupShuffleXor(sum, {{2 ** step}}u);
  //% end
  return sum;
}
