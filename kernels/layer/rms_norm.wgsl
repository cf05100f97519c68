// y = x / sqrt(mean(x²) + epsilon) · weight. A workgroup takes ROWS rows, which share the loads of the weight. KEPT > 0:
// a row is KEPT vectors a lane, which stay in registers; otherwise x is loaded again.
struct Uniforms { width4: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;      // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // (C)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // (rows, C)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = (group.x + group.y * groups.x) * {{ROWS}}u;
  if (row0 >= u.rows) { return; }
  // Rows beyond the end repeat the last one, and write the same values.
  //% for i in 0..ROWS
  let base{{i}} = min(row0 + {{i}}u, u.rows - 1u) * u.width4;
  var squares{{i}} = 0.0;
  //% end
  //% for n in 0..KEPT
  //% for i in 0..ROWS
  let x{{i}}_{{n}} = x[base{{i}} + {{n * LANES}}u + lane];
  squares{{i}} += dot(x{{i}}_{{n}}, x{{i}}_{{n}});
  //% end
  //% end
  //% if !KEPT
  for (var c = lane; c < u.width4; c += {{LANES}}u) {
    //% for i in 0..ROWS
    let x{{i}} = x[base{{i}} + c];
    squares{{i}} += dot(x{{i}}, x{{i}});
    //% end
  }
  //% end
  //% for i in 0..ROWS
  let scale{{i}} = inverseSqrt(rowSum(squares{{i}}, lane) / f32(u.width4 * 4u) + u.epsilon);
  //% end
  //% for n in 0..KEPT
  let weight{{n}} = weight[{{n * LANES}}u + lane];
  //% for i in 0..ROWS
  y[base{{i}} + {{n * LANES}}u + lane] = x{{i}}_{{n}} * scale{{i}} * weight{{n}};
  //% end
  //% end
  //% if !KEPT
  for (var c = lane; c < u.width4; c += {{LANES}}u) {
    let w = weight[c];
    //% for i in 0..ROWS
    y[base{{i}} + c] = x[base{{i}} + c] * scale{{i}} * w;
    //% end
  }
  //% end
}
