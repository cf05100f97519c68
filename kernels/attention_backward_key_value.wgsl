// The gradient of attention (attention.wgsl) with respect to keys and values. A lane owns one key of one key/value head
// and walks over the queries that see it, head by head, so nothing is added to from two places.
struct Uniforms { tokens: u32, heads: u32, keyHeads: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;        // (T, H, D)
@group(0) @binding(2) var<storage, read> k: array<vec4f>;        // (T, G, D)
@group(0) @binding(3) var<storage, read> v: array<vec4f>;        // (T, G, D)
@group(0) @binding(4) var<storage, read> starts: array<u32>;     // (T)
@group(0) @binding(5) var<storage, read> stats: array<vec2f>;    // (T, H): log Σ exp(score), Σ_d dy·y
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;       // (T, H, D)
@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>; // (T, G, D)
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>; // (T, G, D)

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let keyHead = group.y;
  let headsPerKey = u.heads / u.keyHeads;
  let tile = group.x * {{LANES}}u;
  let s = min(tile + lane, u.tokens - 1u);
  let lastKey = min(tile + {{LANES}}u, u.tokens) - 1u;
  let kBase = (s * u.keyHeads + keyHead) * {{D4}}u;
  //% for d in 0..D4
  let k{{d}} = k[kBase + {{d}}u] * u.scale;
  let v{{d}} = v[kBase + {{d}}u];
  var dk{{d}} = vec4f();
  var dv{{d}} = vec4f();
  //% end
  for (var head = keyHead * headsPerKey; head < (keyHead + 1u) * headsPerKey; head++) {
    // Sequences begin in order, so the first query of a block whose sequence begins after our last key ends the walk.
    for (var t = tile; t < u.tokens; t += {{KEYS}}u) {
      if (starts[t] > lastKey) { break; }
      //% if SHUFFLE
      let own = min(t + lane % {{KEYS}}u, u.tokens - 1u);
      let mine = (own * u.heads + head) * {{D4}}u;
      let ownStart = starts[own];
      let ownStats = stats[own * u.heads + head];
      //% else
      //% for i in 0..KEYS
      let t{{i}} = min(t + {{i}}u, u.tokens - 1u);
      let query{{i}} = (t{{i}} * u.heads + head) * {{D4}}u;
      //% end
      //% end
      //% for i in 0..KEYS
      var score{{i}} = 0.0;
      var dp{{i}} = 0.0;
      //% end
      //% for d in 0..D4
      //% if SHUFFLE
      let q{{d}} = q[mine + {{d}}u];
      let dy{{d}} = dy[mine + {{d}}u];
      //% end
      //% for i in 0..KEYS
      score{{i}} += dot(k{{d}}, {{SHUFFLE ? `subgroupShuffle(q${d}, ${i}u)` : `q[query${i} + ${d}u]`}});
      dp{{i}} += dot(v{{d}}, {{SHUFFLE ? `subgroupShuffle(dy${d}, ${i}u)` : `dy[query${i} + ${d}u]`}});
      //% end
      //% end
      //% for i in 0..KEYS
      let start{{i}} = {{SHUFFLE ? `subgroupShuffle(ownStart, ${i}u)` : `starts[t${i}]`}};
      let stats{{i}} = {{SHUFFLE ? `subgroupShuffle(ownStats, ${i}u)` : `stats[t${i} * u.heads + head]`}};
      let seen{{i}} = t + {{i}}u < u.tokens && start{{i}} <= s && s <= t + {{i}}u;
      let p{{i}} = select(0.0, exp(score{{i}} - stats{{i}}.x), seen{{i}});
      let ds{{i}} = p{{i}} * (dp{{i}} - stats{{i}}.y) * u.scale;
      //% end
      //% for d in 0..D4
      //% for i in 0..KEYS
      dv{{d}} = fma(vec4f(p{{i}}), {{SHUFFLE ? `subgroupShuffle(dy${d}, ${i}u)` : `dy[query${i} + ${d}u]`}}, dv{{d}});
      dk{{d}} = fma(vec4f(ds{{i}}), {{SHUFFLE ? `subgroupShuffle(q${d}, ${i}u)` : `q[query${i} + ${d}u]`}}, dk{{d}});
      //% end
      //% end
    }
  }
  if (tile + lane < u.tokens) {
    //% for d in 0..D4
    dk[kBase + {{d}}u] = dk{{d}};
    dv[kBase + {{d}}u] = dv{{d}};
    //% end
  }
}
