// For each row: how many columns come before the label's in the order of falling logits, equal ones by their number. One
// workgroup a row.
struct Uniforms { rows: u32, vocabulary: u32, stride4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> labels: array<u32>;        // (L)
@group(0) @binding(2) var<storage, read> logits: array<vec4f>;      // (L, stride)
@group(0) @binding(3) var<storage, read_write> ranks: array<f32>;   // (L)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= u.rows) { return; }
  let base = row * u.stride4;
  let label = labels[row];
  let own = logits[base + label / 4u][label % 4u];
  let offsets = vec4u(0u, 1u, 2u, 3u);
  var before = 0.0; // whole numbers are exact up to 2²⁴
  for (var c = lane; c < u.stride4; c += {{LANES}}u) {
    let column = vec4u(c * 4u) + offsets;
    let l = logits[base + c];
    let wins = (l > vec4f(own)) | ((l == vec4f(own)) & (column < vec4u(label)));
    before += dot(select(vec4f(), vec4f(1.0), wins & (column < vec4u(u.vocabulary))), vec4f(1.0));
  }
  let total = rowSum(before, lane);
  if (lane == 0u) { ranks[row] = total; }
}
