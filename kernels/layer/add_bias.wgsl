// y += bias, the same for every row.
struct Uniforms { count4: u32, width4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> bias: array<vec4f>;     // (N)
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // (T, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.count4) { return; }
  y[i] += bias[i % u.width4];
}
