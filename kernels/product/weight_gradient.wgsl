// g (N, K) += dyᵀ (N, T) · x (T, K), g in the 4 × 4 blocks of weight.ts: the gradient of a weight. Four values of a token's
// dy times four of its x are one block, so both are read as they lie. A thread sums QUADS × COLUMNS blocks over all tokens
// in order, AHEAD of them at a time, so the result does not depend on scheduling. With SHUFFLE the lanes of a subgroup load
// the dy of AHEAD tokens and QUADS quads together, each its share, and hand it round; without, each loads all.
struct Uniforms { tokens: u32, rows4: u32, columns4: u32, dyStride4: u32, dyFirst4: u32, firstGroup: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // (T, N / 4), columns from dyFirst4 on
@group(0) @binding(2) var<storage, read> x: array<vec4f>;        // (T, K / 4)
@group(0) @binding(3) var<storage, read_write> g: array<vec4f>;  // (N / 4, K / 4, 4)

@compute @workgroup_size({{LANES}})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let firstQuad = (u.firstGroup + thread.y) * {{QUADS}}u;
  let firstColumn = thread.x * {{COLUMNS}}u;
  let last = u.tokens - 1u;
  // Blocks beyond the end are computed from the last ones and never stored.
  //% for j in 0..COLUMNS
  let column{{j}} = min(firstColumn + {{j}}u, u.columns4 - 1u);
  //% end
  //% for q in 0..QUADS
  //% for j in 0..COLUMNS
  //% for r in 0..4
  var sum{{q}}_{{j}}_{{r}} = vec4f();
  //% end
  //% end
  //% end
  for (var t = 0u; t < u.tokens; t += {{AHEAD}}u) {
    // A token beyond the end has dy = 0 and adds nothing.
    //% if SHUFFLE
    let token = t + local.x % {{AHEAD}}u;
    let row = min(token, last) * u.dyStride4 + u.dyFirst4;
    let quad = firstQuad + local.x / {{AHEAD}}u;
    //% for m in 0..Math.ceil(QUADS * AHEAD / LANES)
    let mine{{m}} = select(vec4f(), dy[row + min(quad + {{m * LANES / AHEAD}}u, u.rows4 - 1u)], token <= last);
    //% end
    //% end
    //% for i in 0..AHEAD
    //% for j in 0..COLUMNS
    let x{{i}}_{{j}} = x[min(t + {{i}}u, last) * u.columns4 + column{{j}}];
    //% end
    //% end
    //% for q in 0..QUADS
    //% for i in 0..AHEAD
    //% if SHUFFLE
    let dy{{q}}_{{i}} = subgroupShuffle(mine{{Math.floor(q * AHEAD / LANES)}}, {{(q * AHEAD + i) % LANES}}u);
    //% else
    let dy{{q}}_{{i}} = select(vec4f(), dy[min(t + {{i}}u, last) * u.dyStride4 + u.dyFirst4 + min(firstQuad + {{q}}u, u.rows4 - 1u)], t + {{i}}u <= last);
    //% end
    //% end
    //% for r in 0..4
    //% for j in 0..COLUMNS
    //% for i in 0..AHEAD
    sum{{q}}_{{j}}_{{r}} = fma(vec4f(dy{{q}}_{{i}}.{{"xyzw"[r]}}), x{{i}}_{{j}}, sum{{q}}_{{j}}_{{r}});
    //% end
    //% end
    //% end
    //% end
  }
  //% for q in 0..QUADS
  //% for j in 0..COLUMNS
  if (firstQuad + {{q}}u < u.rows4 && firstColumn + {{j}}u < u.columns4) {
    let at = ((firstQuad + {{q}}u) * u.columns4 + column{{j}}) * 4u;
    //% for r in 0..4
    g[at + {{r}}u] += sum{{q}}_{{j}}_{{r}};
    //% end
  }
  //% end
  //% end
}
