// Given dy, replaces gate and up by their gradients: dup = dy·silu(g), dgate = dy·up·σ(g)·(1 + g·(1 − σ(g))).
struct Uniforms { count4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;         // (T, F)
@group(0) @binding(2) var<storage, read_write> gate: array<vec4f>; // (T, F)
@group(0) @binding(3) var<storage, read_write> up: array<vec4f>;   // (T, F)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.count4) { return; }
  let g = gate[i];
  let sigmoid = 1.0 / (1.0 + exp(-g));
  let d = dy[i];
  gate[i] = d * up[i] * sigmoid * (1.0 + g * (1.0 - sigmoid));
  up[i] = d * g * sigmoid;
}
