// The gradient of attention (attention.wgsl) with respect to the queries. Probabilities are computed again from the
// kept log-sum-exp. Also leaves Σ_d dy·y in stats, which the pass over keys and values needs as well.
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

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = u.firstGroup + group.y;
  let keyHead = head / (u.heads / u.keyHeads);
  let tile = group.x * {{LANES * OWN}}u;
  let end = min(tile + {{LANES * OWN}}u, u.tokens);
  //% for j in 0..OWN
  let t{{j}} = min(tile + {{j * LANES}}u + lane, u.tokens - 1u);
  let first{{j}} = starts[t{{j}}];
  let base{{j}} = (t{{j}} * u.heads + head) * {{D4}}u;
  let logSum{{j}} = stats[t{{j}} * u.heads + head].x;
  var along{{j}} = 0.0;
  //% for d in 0..D4
  let q{{j}}_{{d}} = q[base{{j}} + {{d}}u];
  let dy{{j}}_{{d}} = dy[base{{j}} + {{d}}u];
  along{{j}} += dot(dy{{j}}_{{d}}, y[base{{j}} + {{d}}u]);
  var dq{{j}}_{{d}} = vec4f();
  //% end
  //% end
  for (var s = starts[tile]; s < end; s += {{NEXT}}u) {
    //% if SHUFFLE
    let mine = (min(s + lane % {{NEXT}}u, end - 1u) * u.keyHeads + keyHead) * {{D4}}u + lane / {{NEXT}}u;
    //% for n in 0..Math.ceil(D4 * NEXT / LANES)
    let k{{n}} = k[mine + {{n * LANES / NEXT}}u];
    let v{{n}} = v[mine + {{n * LANES / NEXT}}u];
    let scaled{{n}} = k{{n}} * u.scale;
    //% end
    //% else
    //% for i in 0..NEXT
    let key{{i}} = (min(s + {{i}}u, end - 1u) * u.keyHeads + keyHead) * {{D4}}u;
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
    let scaled{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(scaled${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `k[key${i} + ${d}u] * u.scale`}};
    let v{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(v${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `v[key${i} + ${d}u]`}};
    //% for j in 0..OWN
    score{{j}}_{{i}} += dot(q{{j}}_{{d}}, scaled{{d}}_{{i}});
    dp{{j}}_{{i}} += dot(dy{{j}}_{{d}}, v{{d}}_{{i}});
    //% end
    //% end
    //% end
    //% for j in 0..OWN
    //% for i in 0..NEXT
    let seen{{j}}_{{i}} = s + {{i}}u >= first{{j}} && s + {{i}}u <= t{{j}};
    let p{{j}}_{{i}} = select(0.0, exp(score{{j}}_{{i}} - logSum{{j}}), seen{{j}}_{{i}});
    let ds{{j}}_{{i}} = p{{j}}_{{i}} * (dp{{j}}_{{i}} - along{{j}}) * u.scale;
    //% end
    //% end
    //% for d in 0..D4
    //% for i in 0..NEXT
    let k{{d}}_{{i}} = {{SHUFFLE ? `subgroupShuffle(k${Math.floor(d * NEXT / LANES)}, ${i + d * NEXT % LANES}u)` : `k[key${i} + ${d}u]`}};
    //% for j in 0..OWN
    dq{{j}}_{{d}} = fma(vec4f(ds{{j}}_{{i}}), k{{d}}_{{i}}, dq{{j}}_{{d}});
    //% end
    //% end
    //% end
  }
  //% for j in 0..OWN
  if (tile + {{j * LANES}}u + lane < u.tokens) {
    stats[t{{j}} * u.heads + head].y = along{{j}};
    //% for d in 0..D4
    dq[base{{j}} + {{d}}u] = dq{{j}}_{{d}};
    //% end
  }
  //% end
}
