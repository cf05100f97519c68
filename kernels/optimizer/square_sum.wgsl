// partials[i] += Σ x² over the i-th of equal stretches of x. The stretches do not depend on the device's scheduling.
struct Uniforms { count4: u32, stretch4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let begin = group.x * u.stretch4;
  let end = min(begin + u.stretch4, u.count4);
  var sum = 0.0;
  for (var i = begin + lane; i < end; i += {{LANES}}u) { sum += dot(x[i], x[i]); }
  let total = rowSum(sum, lane);
  if (lane == 0u) { partials[group.x] += total; }
}
