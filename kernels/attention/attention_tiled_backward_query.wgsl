// The gradient of attention with respect to the queries, as attention_backward_query.wgsl computes it, by tiles
// (attention_tile.wgsl): 32 queries of a head walk over the keys 32 at a time. Also leaves Σ_d dy·y in stats.
struct Uniforms { tokens: u32, heads: u32, keyHeads: u32, firstGroup: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;           // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<vec4f>;           // (T, G, D)
@group(0) @binding(3) var<storage, read> v: array<vec4f>;           // (T, G, D)
@group(0) @binding(4) var<storage, read> starts: array<u32>;        // (T)
@group(0) @binding(5) var<storage, read> y: array<vec4f>;           // (T, H, D)
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;          // (T, H, D)
@group(0) @binding(7) var<storage, read_write> stats: array<vec2f>; // (T, H): log Σ exp(score), Σ_d dy·y
@group(0) @binding(8) var<storage, read_write> dq: array<vec4f>;    // (T, H, D)

@compute @workgroup_size({{64 * HALVES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  place(index);
  let head = u.firstGroup + group.y;
  let keyHead = head / (u.heads / u.keyHeads);
  let tile = group.x * ROWS;
  let end = min(tile + ROWS, u.tokens);
  var along = vec4f();
  //% for i in 0..4
  let t{{i}} = min(tile + y8 * 4u + {{i}}u, u.tokens - 1u);
  let base{{i}} = (t{{i}} * u.heads + head) * {{D4}}u;
  for (var d = half * 8u + x; d < {{D4}}u; d += {{8 * HALVES}}u) { along.{{"xyzw"[i]}} += dot(dy[base{{i}} + d], y[base{{i}} + d]); }
  //% end
  told[half * 8u + x][y8] = along;
  workgroupBarrier();
  along = vec4f();
  //% for n in 0..8 * HALVES
  along += told[{{n}}][y8];
  //% end
  let first = vec4u(starts[t0], starts[t1], starts[t2], starts[t3]);
  let last = vec4u(t0, t1, t2, t3);
  let logSum = vec4f({{[0, 1, 2, 3].map((i) => `stats[t${i} * u.heads + head].x`).join(", ")}});
  for (var s = starts[tile]; s < end; s += 32u) {
    //% for product in 0..2
    //% for j in 0..4 / HALVES
    {{product ? `let qk${j} = score${j};` : ""}}
    score{{j}} = vec4f();
    //% end
    for (var piece = 0u; piece < {{D4}}u; piece += 8u) {
      let d = {{D4 % 8 ? `min(piece + x, ${D4 - 1}u)` : "piece + x"}};
      //% for n in 0..4 / HALVES
      let at{{n}} = y8 + {{8 * HALVES * n}}u + half * 8u;
      let row{{n}} = {{product ? "dy" : "q"}}[(min(tile + at{{n}}, u.tokens - 1u) * u.heads + head) * {{D4}}u + d] * u.scale;
      let column{{n}} = {{product ? "v" : "k"}}[(min(s + at{{n}}, end - 1u) * u.keyHeads + keyHead) * {{D4}}u + d];
      //% end
      workgroupBarrier();
      //% for n in 0..4 / HALVES
      tiles[0][x][at{{n}}] = {{D4 % 8 ? `select(vec4f(), row${n}, piece + x < ${D4}u)` : `row${n}`}};
      tiles[1][x][at{{n}}] = column{{n}};
      //% end
      workgroupBarrier();
      addScores();
    }
    //% end
    //% for j in 0..4 / HALVES
    let key{{j}} = vec4u(s + x + {{8 * HALVES * j}}u + half * 8u);
    let p{{j}} = select(vec4f(), exp(qk{{j}} - logSum), (key{{j}} >= first) & (key{{j}} <= last));
    weights[x + {{8 * HALVES * j}}u + half * 8u][y8] = p{{j}} * (score{{j}} - along * u.scale);
    //% end
    //% for c in 0..PIECES
    {
      let d = {{D4 % (8 * HALVES) ? `min(half * 8u + x + ${c * 8 * HALVES}u, ${D4 - 1}u)` : `half * 8u + x + ${c * 8 * HALVES}u`}};
      //% for n in 0..4
      let k{{n}} = k[(min(s + y8 + {{8 * n}}u, end - 1u) * u.keyHeads + keyHead) * {{D4}}u + d];
      //% end
      workgroupBarrier();
      //% for n in 0..4
      tiles[half][x][y8 + {{8 * n}}u] = k{{n}};
      //% end
      workgroupBarrier();
      addOut0_{{c}}();
    }
    //% end
  }
  //% for i in 0..4
  if (tile + y8 * 4u + {{i}}u < u.tokens) {
    if (x == 0u && half == 0u) { stats[t{{i}} * u.heads + head].y = along.{{"xyzw"[i]}}; }
    //% for c in 0..PIECES
    {{(c + 1) * 8 * HALVES > D4 ? `if (half * 8u + x + ${c * 8 * HALVES}u < ${D4}u)` : ""}} {
      dq[base{{i}} + half * 8u + x + {{c * 8 * HALVES}}u] = out0_{{c}}_{{i}};
    }
    //% end
  }
  //% end
}
