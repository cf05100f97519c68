// The gradient of attention (attention.wgsl) with respect to keys and values. A lane owns OWN keys of one key/value
// head and walks over the queries that see them, head by head, so nothing is added to from two places.
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

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let keyHead = u.firstGroup + group.y;
  let headsPerKey = u.heads / u.keyHeads;
  let tile = group.x * {{LANES * OWN}}u;
  let lastKey = min(tile + {{LANES * OWN}}u, u.tokens) - 1u;
  //% for j in 0..OWN
  let s{{j}} = min(tile + {{j * LANES}}u + lane, u.tokens - 1u);
  let base{{j}} = (s{{j}} * u.keyHeads + keyHead) * {{D4}}u;
  //% for d in 0..D4
  let k{{j}}_{{d}} = k[base{{j}} + {{d}}u];
  let v{{j}}_{{d}} = v[base{{j}} + {{d}}u];
  var dk{{j}}_{{d}} = vec4f();
  var dv{{j}}_{{d}} = vec4f();
  //% end
  //% end
  // Sequences begin in order, so a binary search finds the first query whose sequence begins after our last key.
  var end = lastKey + 1u;
  var beyond = u.tokens;
  while (end < beyond) {
    let middle = (end + beyond) / 2u;
    if (starts[middle] > lastKey) { beyond = middle; } else { end = middle + 1u; }
  }
  for (var head = keyHead * headsPerKey; head < (keyHead + 1u) * headsPerKey; head++) {
    for (var t = tile; t < end; t += {{NEXT}}u) {
      //% if SHUFFLE
      let own = min(t + lane % {{NEXT}}u, u.tokens - 1u);
      let mine = (own * u.heads + head) * {{D4}}u + lane / {{NEXT}}u;
      let ownStart = starts[own];
      let ownStats = stats[own * u.heads + head];
      //% for n in 0..Math.ceil(D4 * NEXT / LANES)
      let q{{n}} = q[mine + {{n * LANES / NEXT}}u];
      let dy{{n}} = dy[mine + {{n * LANES / NEXT}}u];
      let scaledQ{{n}} = q{{n}} * u.scale;
      let scaledDy{{n}} = dy{{n}} * u.scale;
      //% end
      //% else
      //% for i in 0..NEXT
      let t{{i}} = min(t + {{i}}u, u.tokens - 1u);
      let query{{i}} = (t{{i}} * u.heads + head) * {{D4}}u;
      //% end
      //% end
      //% for i in 0..NEXT
      //% for j in 0..OWN
      var score{{j}}_{{i}} = 0.0;
      var dp{{j}}_{{i}} = 0.0;
      //% end
      //% end
      //% for d in 0..D4
      //% for i in 0..NEXT
      let scaledQ{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(scaledQ${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `q[query${i} + ${d}u] * u.scale`}};
      let scaledDy{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(scaledDy${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `dy[query${i} + ${d}u] * u.scale`}};
      //% for j in 0..OWN
      score{{j}}_{{i}} += dot(k{{j}}_{{d}}, scaledQ{{d}}_{{i}});
      dp{{j}}_{{i}} += dot(v{{j}}_{{d}}, scaledDy{{d}}_{{i}});
      //% end
      //% end
      //% end
      //% for i in 0..NEXT
      let start{{i}} = {{SHUFFLE ? `subgroupShuffle(ownStart, ${i}u)` : `starts[t${i}]`}};
      let stats{{i}} = {{SHUFFLE ? `subgroupShuffle(ownStats, ${i}u)` : `stats[t${i} * u.heads + head]`}};
      //% for j in 0..OWN
      let seen{{j}}_{{i}} = t + {{i}}u < u.tokens && start{{i}} <= s{{j}} && s{{j}} <= t + {{i}}u;
      let p{{j}}_{{i}} = select(0.0, exp(score{{j}}_{{i}} - stats{{i}}.x), seen{{j}}_{{i}});
      let ds{{j}}_{{i}} = p{{j}}_{{i}} * (dp{{j}}_{{i}} - stats{{i}}.y * u.scale);
      //% end
      //% end
      //% for d in 0..D4
      //% for i in 0..NEXT
      let q{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(q${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `q[query${i} + ${d}u]`}};
      let dy{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(dy${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `dy[query${i} + ${d}u]`}};
      //% for j in 0..OWN
      dv{{j}}_{{d}} = fma(vec4f(p{{j}}_{{i}}), dy{{d}}_{{i}}, dv{{j}}_{{d}});
      dk{{j}}_{{d}} = fma(vec4f(ds{{j}}_{{i}}), q{{d}}_{{i}}, dk{{j}}_{{d}});
      //% end
      //% end
      //% end
    }
  }
  //% for j in 0..OWN
  if (tile + {{j * LANES}}u + lane < u.tokens) {
    //% for d in 0..D4
    dk[base{{j}} + {{d}}u] = dk{{j}}_{{d}};
    dv[base{{j}} + {{d}}u] = dv{{j}}_{{d}};
    //% end
  }
  //% end
}
