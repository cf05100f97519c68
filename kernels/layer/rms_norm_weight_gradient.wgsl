// partials[s] = Σ x ∘ dy / sqrt(mean(x²) + epsilon) over the s-th stretch of rows, one workgroup a stretch: what the stretch
// adds to the gradient of the norm's weight.
struct Uniforms { width4: u32, rows: u32, stretch: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // (rows, C)
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;             // (rows, C)
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // (stretches, C)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let begin = group.x * u.stretch;
  let end = min(begin + u.stretch, u.rows);
  for (var row = begin; row < end; row++) {
    let base = row * u.width4;
    var squares = 0.0;
    for (var i = lane; i < u.width4; i += {{LANES}}u) {
      let v = x[base + i];
      squares += dot(v, v);
    }
    let scale = inverseSqrt(rowSum(squares, lane) / f32(u.width4 * 4u) + u.epsilon);
    for (var i = lane; i < u.width4; i += {{LANES}}u) {
      let at = group.x * u.width4 + i;
      partials[at] = select(partials[at], vec4f(), row == begin) + x[base + i] * dy[base + i] * scale;
    }
  }
}
