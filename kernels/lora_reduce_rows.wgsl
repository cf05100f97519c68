// As lora_reduce.wgsl, for many rows on devices with subgroups: a lane owns a row and sums over K by itself; each lane
// loads one row of a, and hands it round, so there is nothing to reduce at the end.
struct Uniforms { rows: u32, width4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (T, K)
@group(0) @binding(2) var<storage, read> a: array<vec4f>;       // (R, K)
@group(0) @binding(3) var<storage, read_write> h: array<f32>;   // (T, R)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (group.x + group.y * groups.x) * {{LANES}}u + lane;
  let base = min(row, u.rows - 1u) * u.width4;
  //% for r in 0..RANK
  var sum{{r}} = 0.0;
  //% end
  for (var c = 0u; c < u.width4; c++) {
    let value = x[base + c]{{DROPOUT ? " * dropoutFactors(base + c)" : ""}};
    //% for q in 0..Math.ceil(RANK / LANES)
    let mine{{q}} = a[min({{q * LANES}}u + lane, {{RANK - 1}}u) * u.width4 + c];
    //% end
    //% for r in 0..RANK
    sum{{r}} += dot(value, subgroupShuffle(mine{{Math.floor(r / LANES)}}, {{r % LANES}}u));
    //% end
  }
  if (row < u.rows) {
    //% for r in 0..RANK
    h[row * {{RANK}}u + {{r}}u] = sum{{r}} * u.scale;
    //% end
  }
}
