// Causal attention within each sequence of a packed stream, without ever storing the scores (Dao et al. 2022,
// https://arxiv.org/abs/2205.14135): a lane owns OWN queries of one head and walks over the keys NEXT at a time with
// a running maximum and sum. With SHUFFLE the lanes share out the loads of those keys. Key/value heads are shared by
// heads / keyHeads query heads (Ainslie et al. 2023).
// Without SHUFFLE each lane loads by itself.
// A query t sees keys starts[t] … t + keyOffset; keyOffset is 0 except when the keys are a cache. Keys, and the heads of a
// key, are keyStride and headStride keys apart.
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

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = u.firstGroup + group.y;
  let firstKey = head / (u.heads / u.keyHeads) * u.headStride;
  let tile = group.x * {{LANES * OWN}}u;
  let end = min(tile + {{LANES * OWN}}u, u.tokens) + u.keyOffset;
  //% for j in 0..OWN
  let t{{j}} = min(tile + {{j * LANES}}u + lane, u.tokens - 1u);
  let first{{j}} = starts[t{{j}}];
  let last{{j}} = t{{j}} + u.keyOffset;
  let base{{j}} = (t{{j}} * u.heads + head) * {{D4}}u;
  //% for d in 0..D4
  let q{{j}}_{{d}} = q[base{{j}} + {{d}}u] * u.scale;
  var o{{j}}_{{d}} = vec4f();
  //% end
  var most{{j}} = -1e30;
  var sum{{j}} = 0.0;
  //% end
  for (var s = starts[tile]; s < end; s += {{NEXT}}u) {
    //% if SHUFFLE
    let mine = (firstKey + min(s + lane % {{NEXT}}u, end - 1u) * u.keyStride) * {{D4}}u + lane / {{NEXT}}u;
    //% for n in 0..Math.ceil(D4 * NEXT / LANES)
    let k{{n}} = keyAt(mine + {{n * LANES / NEXT}}u);
    let v{{n}} = valueAt(mine + {{n * LANES / NEXT}}u);
    //% end
    //% else
    //% for i in 0..NEXT
    let key{{i}} = (firstKey + min(s + {{i}}u, end - 1u) * u.keyStride) * {{D4}}u;
    //% end
    //% end
    //% for i in 0..NEXT
    //% for j in 0..OWN
    var score{{j}}_{{i}} = 0.0;
    //% end
    //% end
    //% for d in 0..D4
    //% for i in 0..NEXT
    let k{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(k${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `keyAt(key${i} + ${d}u)`}};
    //% for j in 0..OWN
    score{{j}}_{{i}} += dot(q{{j}}_{{d}}, k{{d}}_{{i}});
    //% end
    //% end
    //% end
    //% for j in 0..OWN
    var highest{{j}} = most{{j}};
    //% for i in 0..NEXT
    let seen{{j}}_{{i}} = s + {{i}}u >= first{{j}} && s + {{i}}u <= last{{j}};
    highest{{j}} = select(highest{{j}}, max(highest{{j}}, score{{j}}_{{i}}), seen{{j}}_{{i}});
    //% end
    let shrink{{j}} = exp(most{{j}} - highest{{j}});
    most{{j}} = highest{{j}};
    sum{{j}} *= shrink{{j}};
    //% for i in 0..NEXT
    let p{{j}}_{{i}} = select(0.0, exp(score{{j}}_{{i}} - most{{j}}), seen{{j}}_{{i}});
    sum{{j}} += p{{j}}_{{i}};
    //% end
    //% end
    //% for d in 0..D4
    //% for j in 0..OWN
    o{{j}}_{{d}} *= shrink{{j}};
    //% end
    //% for i in 0..NEXT
    let v{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(v${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `valueAt(key${i} + ${d}u)`}};
    //% for j in 0..OWN
    o{{j}}_{{d}} = fma(vec4f(p{{j}}_{{i}}), v{{d}}_{{i}}, o{{j}}_{{d}});
    //% end
    //% end
    //% end
  }
  //% for j in 0..OWN
  if (tile + {{j * LANES}}u + lane < u.tokens) {
    //% for d in 0..D4
    y[base{{j}} + {{d}}u] = o{{j}}_{{d}} / sum{{j}};
    //% end
    stats[t{{j}} * u.heads + head] = vec2f(most{{j}} + log(sum{{j}}), 0.0);
  }
  //% end
}
