// Given dy: dx = r·(w∘dy) − x·r³/C·Σ(w∘dy∘x), r = 1/sqrt(mean(x²) + epsilon). The scale r is computed again: cheaper
// than keeping it. ADD adds to dx, which then carries the residual path's gradient. ROWS and KEPT as in rms_norm.wgsl.
struct Uniforms { width4: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // (C)
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;      // (rows, C)
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // (rows, C)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = (group.x + group.y * groups.x) * {{ROWS}}u;
  if (row0 >= u.rows) { return; }
  //% for i in 0..ROWS
  let base{{i}} = min(row0 + {{i}}u, u.rows - 1u) * u.width4;
  var squares{{i}} = 0.0;
  var products{{i}} = 0.0;
  //% end
  //% for n in 0..KEPT
  let weight{{n}} = weight[{{n * LANES}}u + lane];
  //% for i in 0..ROWS
  let x{{i}}_{{n}} = x[base{{i}} + {{n * LANES}}u + lane];
  let dy{{i}}_{{n}} = dy[base{{i}} + {{n * LANES}}u + lane] * weight{{n}};
  squares{{i}} += dot(x{{i}}_{{n}}, x{{i}}_{{n}});
  products{{i}} += dot(x{{i}}_{{n}}, dy{{i}}_{{n}});
  //% end
  //% end
  //% if !KEPT
  for (var c = lane; c < u.width4; c += {{LANES}}u) {
    let w = weight[c];
    //% for i in 0..ROWS
    let x{{i}} = x[base{{i}} + c];
    squares{{i}} += dot(x{{i}}, x{{i}});
    products{{i}} += dot(x{{i}}, dy[base{{i}} + c] * w);
    //% end
  }
  //% end
  let width = f32(u.width4 * 4u);
  //% for i in 0..ROWS
  let scale{{i}} = inverseSqrt(rowSum(squares{{i}}, lane) / width + u.epsilon);
  let along{{i}} = rowSum(products{{i}}, lane) * scale{{i}} * scale{{i}} * scale{{i}} / width;
  if (row0 + {{i}}u < u.rows) {
    //% for n in 0..KEPT
    dx[base{{i}} + {{n * LANES}}u + lane] {{ADD ? "+=" : "="}} scale{{i}} * dy{{i}}_{{n}} - along{{i}} * x{{i}}_{{n}};
    //% end
    //% if !KEPT
    for (var c = lane; c < u.width4; c += {{LANES}}u) {
      dx[base{{i}} + c] {{ADD ? "+=" : "="}} scale{{i}} * dy[base{{i}} + c] * weight[c] - along{{i}} * x[base{{i}} + c];
    }
    //% end
  }
  //% end
}
