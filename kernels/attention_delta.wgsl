// stats.y = Σ_d dy·y for each query and head: the part of the softmax's gradient that both backward passes of attention
// share. One thread a query and head.
struct Uniforms { count: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;             // (T, H, D)
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;            // (T, H, D)
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;   // (T, H)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.count) { return; }
  var sum = 0.0;
  for (var d = 0u; d < {{D4}}u; d++) { sum += dot(dy[i * {{D4}}u + d], y[i * {{D4}}u + d]); }
  stats[i].y = sum;
}
