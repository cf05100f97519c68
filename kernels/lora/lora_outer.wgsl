// g (R, K) += scale · hᵀ (R, T) · (x (T, K) ∘ dropout): the gradients of A and of B. One thread sums four columns of
// 4·QUADS rows over all tokens in order, so the result does not depend on scheduling. With SHUFFLE each lane loads the h
// of one of LANES tokens and hands it round; without, tokens are taken one by one.
struct Uniforms { rows: u32, width4: u32, rank4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> h: array<vec4f>;        // (T, R)
@group(0) @binding(2) var<storage, read> x: array<vec4f>;        // (T, K)
@group(0) @binding(3) var<storage, read_write> g: array<vec4f>;  // (R, K)

@compute @workgroup_size({{LANES}}, 1)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = min(thread.x, u.width4 - 1u);
  let quad0 = thread.y * {{QUADS}}u;
  let lastRow = u.rows - 1u;
  //% for r in 0..QUADS * 4
  var sum{{r}} = vec4f();
  //% end
  for (var t = 0u; t < u.rows; t += {{AHEAD}}u) {
    //% if SHUFFLE
    // A token beyond the end has h = 0 and adds nothing.
    let inside = t + lane % {{AHEAD}}u <= lastRow;
    //% for q in 0..QUADS
    let mine{{q}} = select(vec4f(), h[min(t + lane % {{AHEAD}}u, lastRow) * u.rank4 + quad0 + {{q}}u], inside);
    //% end
    //% end
    //% for i in 0..AHEAD
    let at{{i}} = min(t + {{i}}u, lastRow) * u.width4 + column;
    let x{{i}} = x[at{{i}}]{{DROPOUT ? ` * dropoutFactors(at${i})` : ""}};
    //% for q in 0..QUADS
    let h{{i}}_{{q}} = {{SHUFFLE ? `subgroupShuffle(mine${q}, ${i}u)` : `h[t * u.rank4 + quad0 + ${q}u]`}};
    //% for c in 0..4
    sum{{q * 4 + c}} = fma(vec4f(h{{i}}_{{q}}.{{"xyzw"[c]}}), x{{i}}, sum{{q * 4 + c}});
    //% end
    //% end
    //% end
  }
  if (thread.x < u.width4) {
    //% for r in 0..QUADS * 4
    g[(quad0 * 4u + {{r}}u) * u.width4 + column] += sum{{r}} * u.scale;
    //% end
  }
}
