// Attention of one query a row over the keys of its slot in the cache. A workgroup takes the GROUP query heads that share
// a key head, of one row, over at most CHUNK keys, LANES at a time: each thread scores one key, with a running maximum and
// sum as in attention.wgsl; then the threads share out the UNITS loads of a value, for KEYS values at once, and add up
// their part of the head over all keys. A load is 16 bytes: UNIT4 vectors of a key or value.
// With SPLIT the parts of a row are left in `partials`, for decode_attention_join.wgsl.
struct Uniforms { keyHeads: u32, positions: u32, step: u32, splits: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> places: array<vec2u>;   // (B): the slot, the position at step 0
@group(0) @binding(2) var<storage, read> q: array<vec4f>;        // (B, H, D)
@group(0) @binding(3) var<storage, read> keys: array<{{HALF ? "vec4u" : "vec4f"}}>; // (slots, G, P, D), with HALF as float16
@group(0) @binding(4) var<storage, read> values: array<{{HALF ? "vec4u" : "vec4f"}}>; // (slots, G, P, D), with HALF as float16
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;  // (B, H, D), or partials (B, H, splits, D / 4 + 1)

//% if !SUBGROUPS
var<workgroup> sharedQ: array<vec4f, {{GROUP * Q_VECTORS * LANES}}>;
var<workgroup> sharedP: array<f32, {{GROUP * LANES}}>;
//% end

//% if HALF
fn low(x: vec4u) -> vec4f { return vec4f(unpack2x16float(x.x), unpack2x16float(x.y)); }
fn high(x: vec4u) -> vec4f { return vec4f(unpack2x16float(x.z), unpack2x16float(x.w)); }
//% end

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin({{SUBGROUPS ? "subgroup_invocation_id" : "local_invocation_index"}}) lane: u32) {
  let keyHead = group.x;
  let row = group.y;
  let place = places[row];
  let begin = group.z * {{CHUNK}}u;
  let count = place.y + u.step + 1u;
  if (begin >= count) { return; }
  let end = min(begin + {{CHUNK}}u, count);
  let head0 = (row * u.keyHeads + keyHead) * {{GROUP}}u;
  let first = (place.x * u.keyHeads + keyHead) * u.positions * {{UNITS}}u;
  //% for g in 0..GROUP
  //% for n in 0..Q_VECTORS
  let q{{g}}_{{n}} = q[(head0 + {{g}}u) * {{D4}}u + min(lane + {{n * LANES}}u, {{D4 - 1}}u)] * u.scale;
  //% if !SUBGROUPS
  sharedQ[{{(g * Q_VECTORS + n) * LANES}}u + lane] = q{{g}}_{{n}};
  //% end
  //% end
  //% end
  //% if !SUBGROUPS
  workgroupBarrier();
  //% end
  //% for n in 0..VECTORS
  let unit{{n}} = min(lane % {{LANES / KEYS}}u + {{n * LANES}}u, {{UNITS - 1}}u);
  //% end
  let ahead = lane / {{LANES / KEYS}}u;
  //% for g in 0..GROUP
  var most{{g}} = -1e30;
  var sum{{g}} = 0.0;
  //% for n in 0..VECTORS * UNIT4
  var o{{g}}_{{n}} = vec4f();
  //% end
  //% end
  for (var s = begin; s < end; s += {{LANES}}u) {
    let key = first + min(s + lane, end - 1u) * {{UNITS}}u;
    //% for g in 0..GROUP
    var score{{g}} = 0.0;
    //% end
    //% for n in 0..UNITS
    let k{{n}} = keys[key + {{n}}u];
    //% for h in 0..UNIT4
    //% for g in 0..GROUP
    score{{g}} += dot({{SUBGROUPS ? `subgroupShuffle(q${g}_${Math.floor((n * UNIT4 + h) / LANES)}, ${(n * UNIT4 + h) % LANES}u)` : `sharedQ[${g * Q_VECTORS * LANES + n * UNIT4 + h}u]`}}, {{HALF ? `${h ? "high" : "low"}(k${n})` : `k${n}`}});
    //% end
    //% end
    //% end
    let seen = s + lane < end;
    //% for g in 0..GROUP
    let highest{{g}} = max(most{{g}}, rowMax(select(-1e30, score{{g}}, seen), lane));
    let shrink{{g}} = exp(most{{g}} - highest{{g}});
    most{{g}} = highest{{g}};
    let p{{g}} = select(0.0, exp(score{{g}} - highest{{g}}), seen);
    sum{{g}} = sum{{g}} * shrink{{g}} + p{{g}};
    //% for n in 0..VECTORS * UNIT4
    o{{g}}_{{n}} *= shrink{{g}};
    //% end
    //% if !SUBGROUPS
    sharedP[{{g * LANES}}u + lane] = p{{g}};
    //% end
    //% end
    //% if !SUBGROUPS
    workgroupBarrier();
    //% end
    //% for i in 0..LANES / KEYS
    let value{{i}} = first + min(s + {{i * KEYS}}u + ahead, end - 1u) * {{UNITS}}u;
    //% for n in 0..VECTORS
    let v{{i}}_{{n}} = values[value{{i}} + unit{{n}}];
    //% for g in 0..GROUP
    let share{{i}}_{{n}}_{{g}} = vec4f({{SUBGROUPS ? `subgroupShuffle(p${g}, ${i * KEYS}u + ahead)` : `sharedP[${g * LANES + i * KEYS}u + ahead]`}});
    //% for h in 0..UNIT4
    o{{g}}_{{n * UNIT4 + h}} = fma(share{{i}}_{{n}}_{{g}}, {{HALF ? `${h ? "high" : "low"}(v${i}_${n})` : `v${i}_${n}`}}, o{{g}}_{{n * UNIT4 + h}});
    //% end
    //% end
    //% end
    //% end
  }
  //% for g in 0..GROUP
  let total{{g}} = rowSum(sum{{g}}, lane);
  //% for n in 0..VECTORS * UNIT4
  //% for step in 0..Math.log2(KEYS)
  o{{g}}_{{n}} += subgroupShuffleXor(o{{g}}_{{n}}, {{LANES / KEYS * 2 ** step}}u);
  //% end
  //% end
  //% for n in 0..VECTORS
  if (lane < {{LANES / KEYS}}u && lane + {{n * LANES}}u < {{UNITS}}u) {
    //% for h in 0..UNIT4
    //% if SPLIT
    y[((head0 + {{g}}u) * u.splits + group.z) * {{D4 + 1}}u + unit{{n}} * {{UNIT4}}u + {{h}}u] = o{{g}}_{{n * UNIT4 + h}};
    //% else
    y[(head0 + {{g}}u) * {{D4}}u + unit{{n}} * {{UNIT4}}u + {{h}}u] = o{{g}}_{{n * UNIT4 + h}} / total{{g}};
    //% end
    //% end
  }
  //% end
  //% if SPLIT
  if (lane == 0u) { y[((head0 + {{g}}u) * u.splits + group.z) * {{D4 + 1}}u + {{D4}}u] = vec4f(most{{g}}, total{{g}}, 0.0, 0.0); }
  //% end
  //% end
}
