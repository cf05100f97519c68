// g (R, K) += scale · hᵀ (R, T) · (x (T, K) ∘ dropout): the gradients of A and of B. One thread sums four columns of
// 4·QUADS rows over all tokens in order, so the result does not depend on scheduling.
struct Uniforms { rows: u32, width4: u32, rank4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> h: array<vec4f>;        // (T, R)
@group(0) @binding(2) var<storage, read> x: array<vec4f>;        // (T, K)
@group(0) @binding(3) var<storage, read_write> g: array<vec4f>;  // (R, K)

@compute @workgroup_size({{LANES}}, 1)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let column = thread.x;
  if (column >= u.width4) { return; }
  let quad0 = thread.y * {{QUADS}}u;
  //% for r in 0..QUADS * 4
  var sum{{r}} = vec4f();
  //% end
  for (var t = 0u; t < u.rows; t++) {
    let at = t * u.width4 + column;
    let x0 = x[at]{{DROPOUT ? " * dropoutFactors(at)" : ""}};
    //% for q in 0..QUADS
    let h{{q}} = h[t * u.rank4 + quad0 + {{q}}u];
    //% for c in 0..4
    sum{{q * 4 + c}} = fma(vec4f(h{{q}}.{{"xyzw"[c]}}), x0, sum{{q * 4 + c}});
    //% end
    //% end
  }
  //% for r in 0..QUADS * 4
  g[(quad0 * 4u + {{r}}u) * u.width4 + column] += sum{{r}} * u.scale;
  //% end
}
