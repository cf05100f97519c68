// Gather: y[i] = x[indices[i]]. Scatter: y[indices[i]] = x[i]. Rows of 4·width4 elements.
struct Uniforms { rows: u32, width4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> indices: array<u32>;    // (rows)
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.rows * u.width4) { return; }
  let row = indices[i / u.width4];
  let there = row * u.width4 + i % u.width4;
  //% if SCATTER
  y[there] = x[i];
  //% else
  y[i] = x[there];
  //% end
}
