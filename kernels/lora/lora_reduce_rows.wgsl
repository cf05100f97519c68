// As lora_reduce.wgsl, for many rows on devices with subgroups: a lane owns OWN rows and sums over K by itself, so there is
// nothing to reduce at the end. The lanes share out the loads of a, AHEAD columns at once, and hand them round.
struct Uniforms { rows: u32, width4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (T, K)
@group(0) @binding(2) var<storage, read> a: array<vec4f>;       // (R, K)
@group(0) @binding(3) var<storage, read_write> h: array<vec4f>; // (T, R)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = (group.x + group.y * groups.x) * {{LANES * OWN}}u + lane;
  //% for j in 0..OWN
  let base{{j}} = min(row0 + {{j * LANES}}u, u.rows - 1u) * u.width4;
  //% for r in 0..RANK
  var sum{{j}}_{{r}} = 0.0;
  //% end
  //% end
  for (var c = 0u; c < u.width4; c += {{AHEAD}}u) {
    //% for n in 0..Math.ceil(RANK * AHEAD / LANES)
    let mine{{n}} = a[min({{n * LANES}}u + lane, {{RANK * AHEAD - 1}}u) % {{RANK}}u * u.width4 + c + ({{n * LANES}}u + lane) / {{RANK}}u % {{AHEAD}}u];
    //% end
    //% for i in 0..AHEAD
    //% for j in 0..OWN
    let x{{i}}_{{j}} = x[base{{j}} + c + {{i}}u]{{DROPOUT ? ` * dropoutFactors(base${j} + c + ${i}u)` : ""}};
    //% end
    //% for r in 0..RANK
    let a{{i}}_{{r}} = subgroupShuffle(mine{{Math.floor((i * RANK + r) / LANES)}}, {{(i * RANK + r) % LANES}}u);
    //% for j in 0..OWN
    sum{{j}}_{{r}} += dot(x{{i}}_{{j}}, a{{i}}_{{r}});
    //% end
    //% end
    //% end
  }
  //% for j in 0..OWN
  if (row0 + {{j * LANES}}u < u.rows) {
    //% for r in 0..RANK / 4
    h[(row0 + {{j * LANES}}u) * {{RANK / 4}}u + {{r}}u] = vec4f({{[0, 1, 2, 3].map((c) => `sum${j}_${r * 4 + c}`)}}) * u.scale;
    //% end
  }
  //% end
}
