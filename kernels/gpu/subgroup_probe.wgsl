// Whether a row of a workgroup is a subgroup, as the kernels for subgroups of LANES threads need it, also where a thread
// keeps so much that a compiler would rather make subgroups smaller.
struct Uniforms { zero: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read_write> found: array<u32>; // (threads): the size of its subgroup, 0 for a wrong result

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) index: u32, @builtin(subgroup_size) size: u32) {
  let thread = group.x * {{LANES * GROUP_ROWS}}u + index;
  let row = thread - local.x;
  let own = vec4f(f32(thread + 1u + u.zero));
  var right = size == {{LANES}}u && subgroupAdd(f32(local.x)) == {{LANES * (LANES - 1) / 2}}.0;
  // Each lane stands where it should, but for a shift that lane 0, read below, does not have either.
  //% for step in 0..Math.log2(LANES)
  right = right && subgroupShuffleXor(local.x, {{2 ** step}}u) == (local.x ^ {{2 ** step}}u);
  //% end
  //% for i in 0..KEPT
  var sum{{i}} = vec4f();
  //% end
  for (var p = 0u; p < 3u + u.zero; p++) {
    //% for i in 0..KEPT
    sum{{i}} = fma(subgroupShuffle(own, {{i % LANES}}u), vec4f({{i + 1}}.0), sum{{i}} + f32(p));
    //% end
  }
  //% for i in 0..KEPT
  right = right && all(sum{{i}} == vec4f(f32(row + {{i % LANES + 1}}u) * {{3 * (i + 1)}}.0 + 3.0));
  //% end
  found[thread] = select(0u, size, right);
}
