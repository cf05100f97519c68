// Given dy: dx = r·(w∘dy) − x·r³/C·Σ(w∘dy∘x), r = 1/sqrt(mean(x²) + epsilon). The scale r is computed again: cheaper
// than keeping it. ADD adds to dx, which then carries the residual path's gradient.
struct Uniforms { width4: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // (C)
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;      // (rows, C)
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // (rows, C)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  let base = row * u.width4;
  var squares = 0.0;
  var products = 0.0;
  for (var i = lane; i < u.width4; i += {{LANES}}u) {
    let v = x[base + i];
    squares += dot(v, v);
    products += dot(v, dy[base + i] * weight[i]);
  }
  let width = f32(u.width4 * 4u);
  let scale = inverseSqrt(rowSum(squares, lane) / width + u.epsilon);
  let along = rowSum(products, lane) * scale * scale * scale / width;
  for (var i = lane; i < u.width4; i += {{LANES}}u) {
    let d = scale * weight[i] * dy[base + i] - along * x[base + i];
    //% if ADD
    dx[base + i] += d;
    //% else
    dx[base + i] = d;
    //% end
  }
}
