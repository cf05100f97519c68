// The gradient of attention with respect to keys and values, as attention_backward_key_value.wgsl computes it, by tiles
// (attention_tile.wgsl): 32 keys of a key/value head walk over the queries that see them 32 at a time, head by head.
struct Uniforms { tokens: u32, heads: u32, keyHeads: u32, firstGroup: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;        // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<vec4f>;        // (T, G, D)
@group(0) @binding(3) var<storage, read> v: array<vec4f>;        // (T, G, D)
@group(0) @binding(4) var<storage, read> starts: array<u32>;     // (T)
@group(0) @binding(5) var<storage, read> stats: array<vec2f>;    // (T, H): log Σ exp(score), Σ_d dy·y
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;       // (T, H, D)
@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>; // (T, G, D)
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>; // (T, G, D)

@compute @workgroup_size({{64 * HALVES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  place(index);
  let keyHead = u.firstGroup + group.y;
  let headsPerKey = u.heads / u.keyHeads;
  let tile = group.x * ROWS;
  let lastKey = min(tile + ROWS, u.tokens) - 1u;
  let keys = vec4u(tile + y8 * 4u) + vec4u(0u, 1u, 2u, 3u);
  // Sequences begin in order, so a binary search finds the first query whose sequence begins after our last key.
  var end = lastKey + 1u;
  var beyond = u.tokens;
  while (end < beyond) {
    let middle = (end + beyond) / 2u;
    if (starts[middle] > lastKey) { beyond = middle; } else { end = middle + 1u; }
  }
  // One loop over heads and tiles: compilers keep the sums twice in nested ones.
  let tiles32 = (end - tile + 31u) / 32u;
  for (var at = 0u; at < headsPerKey * tiles32; at++) {
    let head = keyHead * headsPerKey + at / tiles32;
    let t = tile + at % tiles32 * 32u;
    //% for product in 0..2
    //% for j in 0..4 / HALVES
    {{product ? `let qk${j} = score${j};` : ""}}
    score{{j}} = vec4f();
    //% end
    for (var piece = 0u; piece < {{D4}}u; piece += 8u) {
      let d = {{D4 % 8 ? `min(piece + x, ${D4 - 1}u)` : "piece + x"}};
      //% for n in 0..4 / HALVES
      let at{{n}} = y8 + {{8 * HALVES * n}}u + half * 8u;
      let row{{n}} = {{product ? "v" : "k"}}[(min(tile + at{{n}}, lastKey) * u.keyHeads + keyHead) * {{D4}}u + d] * u.scale;
      let column{{n}} = {{product ? "dy" : "q"}}[(min(t + at{{n}}, end - 1u) * u.heads + head) * {{D4}}u + d];
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
    let t{{j}} = t + x + {{8 * HALVES * j}}u + half * 8u;
    let own{{j}} = min(t{{j}}, end - 1u);
    let stats{{j}} = stats[own{{j}} * u.heads + head];
    let seen{{j}} = (vec4u(starts[own{{j}}]) <= keys) & (keys <= vec4u(t{{j}})) & vec4<bool>(t{{j}} < end);
    let p{{j}} = select(vec4f(), exp(qk{{j}} - stats{{j}}.x), seen{{j}});
    let ds{{j}} = p{{j}} * (score{{j}} - stats{{j}}.y * u.scale);
    //% end
    //% for o in 0..2
    //% for c in 0..PIECES
    {
      let d = {{D4 % (8 * HALVES) ? `min(half * 8u + x + ${c * 8 * HALVES}u, ${D4 - 1}u)` : `half * 8u + x + ${c * 8 * HALVES}u`}};
      //% for n in 0..4
      let c{{n}} = {{o ? "q" : "dy"}}[(min(t + y8 + {{8 * n}}u, end - 1u) * u.heads + head) * {{D4}}u + d];
      //% end
      workgroupBarrier();
      //% if c === 0
      //% for j in 0..4 / HALVES
      weights[x + {{8 * HALVES * j}}u + half * 8u][y8] = {{o ? "ds" : "p"}}{{j}};
      //% end
      //% end
      //% for n in 0..4
      tiles[half][x][y8 + {{8 * n}}u] = c{{n}};
      //% end
      workgroupBarrier();
      addOut{{o}}_{{c}}();
    }
    //% end
    //% end
  }
  //% for i in 0..4
  if (keys.{{"xyzw"[i]}} < u.tokens) {
    let base = (keys.{{"xyzw"[i]}} * u.keyHeads + keyHead) * {{D4}}u + half * 8u + x;
    //% for c in 0..PIECES
    {{(c + 1) * 8 * HALVES > D4 ? `if (half * 8u + x + ${c * 8 * HALVES}u < ${D4}u)` : ""}} {
      dv[base + {{c * 8 * HALVES}}u] = out0_{{c}}_{{i}};
      dk[base + {{c * 8 * HALVES}}u] = out1_{{c}}_{{i}};
    }
    //% end
  }
  //% end
}
