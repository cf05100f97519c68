// y = silu(gate)·up, silu(g) = g / (1 + exp(−g)) (Shazeer 2020, https://arxiv.org/abs/2002.05202).
struct Uniforms { count4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;    // (T, F)
@group(0) @binding(2) var<storage, read> up: array<vec4f>;      // (T, F)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // (T, F)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.count4) { return; }
  let g = gate[i];
  y[i] = g / (1.0 + exp(-g)) * up[i];
}
