// The gradient of attention (attention.wgsl) with respect to the queries. Probabilities are computed again from the
// kept log-sum-exp.
struct Uniforms { tokens: u32, heads: u32, keyHeads: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;        // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<vec4f>;        // (T, G, D)
@group(0) @binding(3) var<storage, read> v: array<vec4f>;        // (T, G, D)
@group(0) @binding(4) var<storage, read> starts: array<u32>;     // (T)
@group(0) @binding(5) var<storage, read> stats: array<vec2f>;    // (T, H): log Σ exp(score), Σ_d dy·y
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;       // (T, H, D)
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>; // (T, H, D)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let keyHead = head / (u.heads / u.keyHeads);
  let tile = group.x * {{LANES}}u;
  let t = min(tile + lane, u.tokens - 1u);
  let first = starts[t];
  let end = min(tile + {{LANES}}u, u.tokens);
  let qBase = (t * u.heads + head) * {{D4}}u;
  let own = stats[t * u.heads + head];
  //% for d in 0..D4
  let q{{d}} = q[qBase + {{d}}u] * u.scale;
  let dy{{d}} = dy[qBase + {{d}}u];
  var dq{{d}} = vec4f();
  //% end
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
    var dp{{i}} = 0.0;
    //% end
    //% for d in 0..D4
    //% if SHUFFLE
    let k{{d}} = k[mine + {{d}}u];
    let v{{d}} = v[mine + {{d}}u];
    //% end
    //% for i in 0..KEYS
    score{{i}} += dot(q{{d}}, {{SHUFFLE ? `subgroupShuffle(k${d}, ${i}u)` : `k[key${i} + ${d}u]`}});
    dp{{i}} += dot(dy{{d}}, {{SHUFFLE ? `subgroupShuffle(v${d}, ${i}u)` : `v[key${i} + ${d}u]`}});
    //% end
    //% end
    //% for i in 0..KEYS
    let seen{{i}} = s + {{i}}u >= first && s + {{i}}u <= t;
    let ds{{i}} = select(0.0, exp(score{{i}} - own.x) * (dp{{i}} - own.y) * u.scale, seen{{i}});
    //% end
    //% for d in 0..D4
    //% for i in 0..KEYS
    dq{{d}} = fma(vec4f(ds{{i}}), {{SHUFFLE ? `subgroupShuffle(k${d}, ${i}u)` : `k[key${i} + ${d}u]`}}, dq{{d}});
    //% end
    //% end
  }
  if (tile + lane < u.tokens) {
    //% for d in 0..D4
    dq[qBase + {{d}}u] = dq{{d}};
    //% end
  }
}
