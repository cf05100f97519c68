// Attention of one query a row over the keys of its slot in the cache. A workgroup takes the GROUP query heads that share
// a key head, of one row, over at most CHUNK keys, LANES at a time, each thread scoring one key, with a running maximum and
// sum as in attention.wgsl. Then the threads share out the vectors of a head and add up the values of KEYS keys at once;
// with APART each thread adds up the values of its own keys and they are joined at the end, which costs registers but
// no neighbouring loads: what suits a processor.
// With SPLIT the parts of a row are left in `partials`, for decode_attention_join.wgsl.
struct Uniforms { keyHeads: u32, step: u32, splits: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> places: array<vec2u>;   // (B): the slot's first row in the cache, the position at step 0
@group(0) @binding(2) var<storage, read> q: array<vec4f>;        // (B, H, D)
@group(0) @binding(3) var<storage, read> keys: array<{{HALF ? "vec4u" : "vec4f"}}>; // (S, G, D), with HALF as float16
@group(0) @binding(4) var<storage, read> values: array<{{HALF ? "vec4u" : "vec4f"}}>; // (S, G, D), with HALF as float16
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;  // (B, H, D), or partials (B, H, splits, D / 4 + 1)

//% if !SUBGROUPS
var<workgroup> sharedQ: array<vec4f, {{GROUP * VECTORS * LANES}}>;
var<workgroup> sharedP: array<f32, {{GROUP * LANES}}>;
//% end

//% if HALF
fn low(x: vec4u) -> vec4f { return vec4f(unpack2x16float(x.x), unpack2x16float(x.y)); }
fn high(x: vec4u) -> vec4f { return vec4f(unpack2x16float(x.z), unpack2x16float(x.w)); }
//% end

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let keyHead = group.x;
  let row = group.y;
  let place = places[row];
  let begin = group.z * {{CHUNK}}u;
  let count = place.y + u.step + 1u;
  if (begin >= count) { return; }
  let end = min(begin + {{CHUNK}}u, count);
  let head0 = (row * u.keyHeads + keyHead) * {{GROUP}}u;
  //% for n in 0..VECTORS
  let vector{{n}} = min(lane % {{LANES / KEYS}}u + {{n * LANES}}u, {{D4 - 1}}u);
  //% for g in 0..GROUP
  let q{{g}}_{{n}} = q[(head0 + {{g}}u) * {{D4}}u + vector{{n}}] * u.scale;
  //% if !SUBGROUPS
  sharedQ[{{(g * VECTORS + n) * LANES}}u + lane] = q{{g}}_{{n}};
  //% end
  //% end
  //% end
  //% if !SUBGROUPS
  workgroupBarrier();
  //% end
  //% for g in 0..GROUP
  var most{{g}} = -1e30;
  var sum{{g}} = 0.0;
  //% for d in 0..APART ? D4 : VECTORS
  var o{{g}}_{{d}} = vec4f();
  //% end
  //% end
  for (var s = begin; s < end; s += {{LANES}}u) {
    let key = ((place.x + min(s + lane, end - 1u)) * u.keyHeads + keyHead) * {{D4}}u;
    //% if HALF && APART
    // The first words of each cache line come first, so that the waits for memory overlap.
    //% for line in 0..Math.ceil(D4 / 8)
    let kPair{{8 * line}} = keys[key / 2u + {{4 * line}}u];
    let vPair{{8 * line}} = values[key / 2u + {{4 * line}}u];
    //% end
    //% end
    //% for g in 0..GROUP
    var score{{g}} = 0.0;
    //% end
    //% for d in 0..D4
    //% if HALF && d % 2 === 0 && !(APART && d % 8 === 0)
    let kPair{{d}} = keys[key / 2u + {{d / 2}}u];
    //% end
    let k{{d}} = {{HALF ? `${d % 2 ? "high" : "low"}(kPair${d - d % 2})` : `keys[key + ${d}u]`}};
    //% for g in 0..GROUP
    score{{g}} += dot({{SUBGROUPS ? `subgroupShuffle(q${g}_${Math.floor(d / LANES)}, ${d % LANES}u)` : `sharedQ[${g * VECTORS * LANES + d}u]`}}, k{{d}});
    //% end
    //% end
    let seen = s + lane < end;
    //% for g in 0..GROUP
    let highest{{g}} = max(most{{g}}, rowMax(select(-1e30, score{{g}}, seen), lane));
    let shrink{{g}} = exp(most{{g}} - highest{{g}});
    most{{g}} = highest{{g}};
    let p{{g}} = select(0.0, exp(score{{g}} - highest{{g}}), seen);
    sum{{g}} = sum{{g}} * shrink{{g}} + p{{g}};
    //% for d in 0..APART ? D4 : VECTORS
    o{{g}}_{{d}} *= shrink{{g}};
    //% end
    //% if !SUBGROUPS
    sharedP[{{g * LANES}}u + lane] = p{{g}};
    //% end
    //% end
    //% if !SUBGROUPS
    workgroupBarrier();
    //% end
    //% if APART
    //% for d in 0..D4
    //% if HALF && d % 8 !== 0 && d % 2 === 0
    let vPair{{d}} = values[key / 2u + {{d / 2}}u];
    //% end
    let v{{d}} = {{HALF ? `${d % 2 ? "high" : "low"}(vPair${d - d % 2})` : `values[key + ${d}u]`}};
    //% for g in 0..GROUP
    o{{g}}_{{d}} = fma(vec4f(p{{g}}), v{{d}}, o{{g}}_{{d}});
    //% end
    //% end
    //% else
    //% for i in 0..LANES / KEYS
    let nth{{i}} = {{i * KEYS}}u{{KEYS > 1 ? ` + lane / ${LANES / KEYS}u` : ""}};
    let value{{i}} = ((place.x + min(s + nth{{i}}, end - 1u)) * u.keyHeads + keyHead) * {{D4}}u;
    //% for n in 0..VECTORS
    //% if HALF
    let pair{{i}}_{{n}} = values[(value{{i}} + vector{{n}}) / 2u];
    let v{{i}}_{{n}} = select(low(pair{{i}}_{{n}}), high(pair{{i}}_{{n}}), (vector{{n}} & 1u) == 1u);
    //% else
    let v{{i}}_{{n}} = values[value{{i}} + vector{{n}}];
    //% end
    //% for g in 0..GROUP
    o{{g}}_{{n}} = fma(vec4f({{SUBGROUPS ? `subgroupShuffle(p${g}, nth${i})` : `sharedP[${g * LANES}u + nth${i}]`}}), v{{i}}_{{n}}, o{{g}}_{{n}});
    //% end
    //% end
    //% end
    //% end
  }
  //% for g in 0..GROUP
  let total{{g}} = rowSum(sum{{g}}, lane);
  //% for n in 0..VECTORS
  //% if APART
  var joined{{g}}_{{n}} = vec4f();
  //% for d in n * LANES..Math.min(D4, (n + 1) * LANES)
  let all{{g}}_{{d}} = vec4f(
    rowSum(o{{g}}_{{d}}.x, lane), rowSum(o{{g}}_{{d}}.y, lane), rowSum(o{{g}}_{{d}}.z, lane), rowSum(o{{g}}_{{d}}.w, lane),
  );
  joined{{g}}_{{n}} = select(joined{{g}}_{{n}}, all{{g}}_{{d}}, lane == {{d % LANES}}u);
  //% end
  //% else
  var joined{{g}}_{{n}} = o{{g}}_{{n}};
  //% for step in 0..Math.log2(KEYS)
  joined{{g}}_{{n}} += subgroupShuffleXor(joined{{g}}_{{n}}, {{LANES / KEYS * 2 ** step}}u);
  //% end
  //% end
  if (lane < {{LANES / KEYS}}u && lane + {{n * LANES}}u < {{D4}}u) {
    //% if SPLIT
    y[((head0 + {{g}}u) * u.splits + group.z) * {{D4 + 1}}u + vector{{n}}] = joined{{g}}_{{n}};
    //% else
    y[(head0 + {{g}}u) * {{D4}}u + vector{{n}}] = joined{{g}}_{{n}} / total{{g}};
    //% end
  }
  //% end
  //% if SPLIT
  if (lane == 0u) { y[((head0 + {{g}}u) * u.splits + group.z) * {{D4 + 1}}u + {{D4}}u] = vec4f(most{{g}}, total{{g}}, 0.0, 0.0); }
  //% end
  //% end
}
