// y = x / sqrt(mean(x²) + epsilon) · weight, one workgroup a row.
struct Uniforms { width4: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;      // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // (C)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // (rows, C)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  let base = row * u.width4;
  var squares = 0.0;
  for (var i = lane; i < u.width4; i += {{LANES}}u) {
    let v = x[base + i];
    squares += dot(v, v);
  }
  let scale = inverseSqrt(rowSum(squares, lane) / f32(u.width4 * 4u) + u.epsilon);
  for (var i = lane; i < u.width4; i += {{LANES}}u) {
    y[base + i] = x[base + i] * scale * weight[i];
  }
}
