// Causal attention within each sequence of a packed stream as attention.wgsl computes it, by tiles (attention_tile.wgsl): 32 queries
// of a head walk over the keys 32 at a time with a running maximum and sum (Dao 2023, https://arxiv.org/abs/2307.08691).
struct Uniforms {
  tokens: u32, heads: u32, keyHeads: u32, keyOffset: u32, keyStride: u32, headStride: u32, firstGroup: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;        // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<{{HALF ? "vec2u" : "vec4f"}}>; // (S, G, D) or (G, S, D), with HALF as float16
@group(0) @binding(3) var<storage, read> v: array<{{HALF ? "vec2u" : "vec4f"}}>; // as k
@group(0) @binding(4) var<storage, read> starts: array<u32>;     // (T), never decreasing
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;  // (T, H, D)
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>; // (T, H): log Σ exp(score), and room for backward

//% for each in 0..2
fn {{each ? "value" : "key"}}At(at: u32) -> vec4f {
  let x = {{each ? "v" : "k"}}[at];
  return {{HALF ? "vec4f(unpack2x16float(x.x), unpack2x16float(x.y))" : "x"}};
}
//% end

@compute @workgroup_size({{64 * HALVES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  place(index);
  let head = u.firstGroup + group.y;
  let firstKey = head / (u.heads / u.keyHeads) * u.headStride;
  let tile = group.x * ROWS;
  let end = min(tile + ROWS, u.tokens) + u.keyOffset;
  //% for i in 0..4
  let t{{i}} = min(tile + y8 * 4u + {{i}}u, u.tokens - 1u);
  //% end
  let first = vec4u(starts[t0], starts[t1], starts[t2], starts[t3]);
  let last = vec4u(t0, t1, t2, t3) + u.keyOffset;
  var most = vec4f(-1e30);
  for (var s = starts[tile]; s < end; s += 32u) {
    //% for j in 0..4 / HALVES
    score{{j}} = vec4f();
    //% end
    for (var piece = 0u; piece < {{D4}}u; piece += 8u) {
      let d = {{D4 % 8 ? `min(piece + x, ${D4 - 1}u)` : "piece + x"}};
      //% for n in 0..4 / HALVES
      let at{{n}} = y8 + {{8 * HALVES * n}}u + half * 8u;
      let q{{n}} = q[(min(tile + at{{n}}, u.tokens - 1u) * u.heads + head) * {{D4}}u + d] * u.scale;
      let k{{n}} = keyAt((firstKey + min(s + at{{n}}, end - 1u) * u.keyStride) * {{D4}}u + d);
      //% end
      workgroupBarrier();
      //% for n in 0..4 / HALVES
      tiles[0][x][at{{n}}] = {{D4 % 8 ? `select(vec4f(), q${n}, piece + x < ${D4}u)` : `q${n}`}};
      tiles[1][x][at{{n}}] = k{{n}};
      //% end
      workgroupBarrier();
      addScores();
    }
    //% for j in 0..4 / HALVES
    let key{{j}} = vec4u(s + x + {{8 * HALVES * j}}u + half * 8u);
    let seen{{j}} = (key{{j}} >= first) & (key{{j}} <= last);
    score{{j}} = select(vec4f(-1e30), score{{j}}, seen{{j}});
    //% end
    told[half * 8u + x][y8] = {{HALVES === 1 ? "max(max(score0, score1), max(score2, score3))" : HALVES === 2 ? "max(score0, score1)" : "score0"}};
    workgroupBarrier();
    var highest = most;
    //% for n in 0..8 * HALVES
    highest = max(highest, told[{{n}}][y8]);
    //% end
    let shrink = exp(most - highest);
    most = highest;
    sum *= shrink;
    //% for j in 0..4 / HALVES
    weights[x + {{8 * HALVES * j}}u + half * 8u][y8] = select(vec4f(), exp(score{{j}} - most), seen{{j}});
    //% end
    //% for c in 0..PIECES
    {
      //% for i in 0..4
      out0_{{c}}_{{i}} *= shrink.{{"xyzw"[i]}};
      //% end
      let d = {{D4 % (8 * HALVES) ? `min(half * 8u + x + ${c * 8 * HALVES}u, ${D4 - 1}u)` : `half * 8u + x + ${c * 8 * HALVES}u`}};
      //% for n in 0..4
      let v{{n}} = valueAt((firstKey + min(s + y8 + {{8 * n}}u, end - 1u) * u.keyStride) * {{D4}}u + d);
      //% end
      //% if c > 0
      workgroupBarrier();
      //% end
      //% for n in 0..4
      tiles[half][x][y8 + {{8 * n}}u] = v{{n}};
      //% end
      workgroupBarrier();
      addOut0_{{c}}();
    }
    //% end
  }
  //% for i in 0..4
  if (tile + y8 * 4u + {{i}}u < u.tokens) {
    let base = (t{{i}} * u.heads + head) * {{D4}}u;
    //% for c in 0..PIECES
    //% if (c + 1) * 8 * HALVES > D4
    if (half * 8u + x + {{c * 8 * HALVES}}u < {{D4}}u) {
      y[base + half * 8u + x + {{c * 8 * HALVES}}u] = out0_{{c}}_{{i}} / sum.{{"xyzw"[i]}};
    }
    //% else
    y[base + half * 8u + x + {{c * 8 * HALVES}}u] = out0_{{c}}_{{i}} / sum.{{"xyzw"[i]}};
    //% end
    //% end
    if (x == 0u && half == 0u) {
      stats[t{{i}} * u.heads + head] = vec2f(most.{{"xyzw"[i]}} + log(sum.{{"xyzw"[i]}}), 0.0);
    }
  }
  //% end
}
