// y[at] += Σ x, in a fixed order, by one workgroup.
struct Uniforms { count: u32, at: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size({{LANES}})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < u.count; i += {{LANES}}u) { sum += x[i]; }
  let total = rowSum(sum, lane);
  if (lane == 0u) { y[u.at] += total; }
}
