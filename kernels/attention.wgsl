// Causal attention within each sequence of a packed stream, without ever storing the scores (Dao et al. 2022,
// https://arxiv.org/abs/2205.14135): a lane owns one query of one head and walks over the keys KEYS at a time with a
// running maximum and sum. Key/value heads are shared by heads / keyHeads query heads (Ainslie et al. 2023).
// A query t sees keys starts[t] … t + keyOffset; keyOffset is 0 except when the keys are a cache.
struct Uniforms { tokens: u32, heads: u32, keyHeads: u32, keyOffset: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;        // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<vec4f>;        // (S, G, D)
@group(0) @binding(3) var<storage, read> v: array<vec4f>;        // (S, G, D)
@group(0) @binding(4) var<storage, read> starts: array<u32>;     // (T), never decreasing
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;  // (T, H, D)
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>; // (T, H): log Σ exp(score), and room for backward

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let keyHead = head / (u.heads / u.keyHeads);
  let tile = group.x * {{LANES}}u;
  let t = min(tile + lane, u.tokens - 1u);
  let first = starts[t];
  let last = t + u.keyOffset;
  let end = min(tile + {{LANES}}u, u.tokens) + u.keyOffset;
  let qBase = (t * u.heads + head) * {{D4}}u;
  //% for d in 0..D4
  let q{{d}} = q[qBase + {{d}}u] * u.scale;
  var o{{d}} = vec4f();
  //% end
  var most = -1e30;
  var sum = 0.0;
  for (var s = starts[tile]; s < end; s += {{KEYS}}u) {
    //% if SHUFFLE
    let mine = (min(s + lane % {{KEYS}}u, end - 1u) * u.keyHeads + keyHead) * {{D4}}u;
    //% else
    //% for i in 0..KEYS
    let key{{i}} = (min(s + {{i}}u, end - 1u) * u.keyHeads + keyHead) * {{D4}}u;
    //% end
    //% end
    //% for i in 0..KEYS
    var score{{i}} = 0.0;
    //% end
    //% for d in 0..D4
    //% if SHUFFLE
    let k{{d}} = k[mine + {{d}}u];
    //% end
    //% for i in 0..KEYS
    score{{i}} += dot(q{{d}}, {{SHUFFLE ? `subgroupShuffle(k${d}, ${i}u)` : `k[key${i} + ${d}u]`}});
    //% end
    //% end
    var highest = most;
    //% for i in 0..KEYS
    let seen{{i}} = s + {{i}}u >= first && s + {{i}}u <= last;
    highest = select(highest, max(highest, score{{i}}), seen{{i}});
    //% end
    let shrink = exp(most - highest);
    most = highest;
    sum *= shrink;
    //% for i in 0..KEYS
    let p{{i}} = select(0.0, exp(score{{i}} - most), seen{{i}});
    sum += p{{i}};
    //% end
    //% for d in 0..D4
    o{{d}} *= shrink;
    //% if SHUFFLE
    let v{{d}} = v[mine + {{d}}u];
    //% end
    //% for i in 0..KEYS
    o{{d}} = fma(vec4f(p{{i}}), {{SHUFFLE ? `subgroupShuffle(v${d}, ${i}u)` : `v[key${i} + ${d}u]`}}, o{{d}});
    //% end
    //% end
  }
  if (tile + lane < u.tokens) {
    //% for d in 0..D4
    y[qBase + {{d}}u] = o{{d}} / sum;
    //% end
    stats[t * u.heads + head] = vec2f(most + log(sum), 0.0);
  }
}
