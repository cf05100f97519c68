// h (T, R) = scale · (x (T, K) ∘ dropout) · aᵀ, a (R, K). Serves A·x in forward and dy·B in backward (B is kept as (R, N)).
// A workgroup reduces TILE rows; every load of a serves them all.
struct Uniforms { rows: u32, width4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (T, K)
@group(0) @binding(2) var<storage, read> a: array<vec4f>;       // (R, K)
@group(0) @binding(3) var<storage, read_write> h: array<f32>;   // (T, R)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = (group.x + group.y * groups.x) * {{TILE}}u;
  if (row0 >= u.rows) { return; }
  //% for i in 0..TILE
  let from{{i}} = min(row0 + {{i}}u, u.rows - 1u) * u.width4;
  //% for r in 0..RANK
  var sum{{i}}_{{r}} = 0.0;
  //% end
  //% end
  for (var c = lane; c < u.width4; c += {{LANES}}u) {
    //% for i in 0..TILE
    let x{{i}} = x[from{{i}} + c]{{DROPOUT ? ` * dropoutFactors(from${i} + c)` : ""}};
    //% end
    //% for r in 0..RANK
    let a{{r}} = a[{{r}}u * u.width4 + c];
    //% for i in 0..TILE
    sum{{i}}_{{r}} += dot(x{{i}}, a{{r}});
    //% end
    //% end
  }
  //% for i in 0..TILE
  //% for r in 0..RANK
  let total{{i}}_{{r}} = rowSum(sum{{i}}_{{r}}, lane) * u.scale;
  //% end
  if (lane == 0u && row0 + {{i}}u < u.rows) {
    //% for r in 0..RANK
    h[(row0 + {{i}}u) * {{RANK}}u + {{r}}u] = total{{i}}_{{r}};
    //% end
  }
  //% end
}
