// norm = √Σ partials; metrics[at] = norm; clip[0] = min(1, maximum / (norm + 1e-6)), as torch's clip_grad_norm_ does, or −1
// where the norm is not finite: then the optimizer leaves the weights alone. Finiteness is read from the bits, because
// compilers may assume that floats are finite.
struct Uniforms { count: u32, at: u32, maximum: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> metrics: array<f32>;
@group(0) @binding(3) var<storage, read_write> clip: array<f32>;

@compute @workgroup_size({{LANES}})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < u.count; i += {{LANES}}u) { sum += partials[i]; }
  let total = rowSum(sum, lane);
  if (lane == 0u) {
    let norm = sqrt(total);
    let finite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
    metrics[u.at] = norm;
    clip[0] = select(-1.0, min(1.0, u.maximum / (norm + 1e-6)), finite);
  }
}
