// For each labelled row: loss = log Σ exp(logits) − logits[label]. With GRADIENT the logits become
// (softmax − onehot) · gradientScale in place, columns of padding beyond the vocabulary 0. One workgroup a row.
struct Uniforms { rows: u32, vocabulary: u32, stride4: u32, gradientScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> labels: array<u32>;          // (L)
//% if GRADIENT
@group(0) @binding(2) var<storage, read_write> logits: array<vec4f>;  // (L, stride)
//% else
@group(0) @binding(2) var<storage, read> logits: array<vec4f>;        // (L, stride)
//% end
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;    // (L)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  let base = row * u.stride4;
  let label = labels[row];
  const below = vec4f(-1e30);
  let offsets = vec4u(0u, 1u, 2u, 3u);
  var highest = -1e30;
  var target_ = 0.0;
  for (var c = lane; c < u.stride4; c += {{LANES}}u) {
    let l = select(below, logits[base + c], vec4u(c * 4u) + offsets < vec4u(u.vocabulary));
    highest = max(highest, max(max(l.x, l.y), max(l.z, l.w)));
    if (c == label >> 2u) { target_ = l[label & 3u]; }
  }
  let most = rowMax(highest, lane);
  var sum = 0.0;
  for (var c = lane; c < u.stride4; c += {{LANES}}u) {
    let inside = vec4u(c * 4u) + offsets < vec4u(u.vocabulary);
    sum += dot(select(vec4f(), exp(logits[base + c] - most), inside), vec4f(1.0));
  }
  let total = rowSum(sum, lane);
  let labelLogit = rowSum(target_, lane);
  if (lane == 0u) { losses[row] = log(total) + most - labelLogit; }
  //% if GRADIENT
  for (var c = lane; c < u.stride4; c += {{LANES}}u) {
    let columns = vec4u(c * 4u) + offsets;
    let p = select(vec4f(), exp(logits[base + c] - most) / total, columns < vec4u(u.vocabulary));
    logits[base + c] = (p - select(vec4f(), vec4f(1.0), columns == vec4u(label))) * u.gradientScale;
  }
  //% end
}
