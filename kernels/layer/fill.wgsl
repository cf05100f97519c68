// y = value.
struct Uniforms { count: u32, value: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i < u.count) { y[i] = u.value; }
}
