// y (C) += Σ over the rows of x (rows, C), in order. One thread for four columns.
struct Uniforms { rows: u32, width4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // (rows, C)
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // (C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let column = thread.x + thread.y * groups.x * 64u;
  if (column >= u.width4) { return; }
  var sum = vec4f();
  for (var row = 0u; row < u.rows; row++) { sum += x[row * u.width4 + column]; }
  y[column] += sum;
}
