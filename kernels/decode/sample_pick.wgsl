// Chooses the next token of each row, one workgroup a row. The most likely ids are taken out one after the other, in order
// (equals by rising id): the chunk with the largest value is found, then the value in it, and what is left of the chunk.
// Order of the cuts as in transformers: temperature, top-k, top-p (Holtzman et al. 2020,
// https://arxiv.org/abs/1904.09751), min-p (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082), then one draw by the
// sum of the weights in that order. Without top-k the weights of the whole vocabulary are known from the chunks; where
// the choice would need more than LIMIT candidates the row is marked as undecided.
// A result is: id, 1 if undecided, log p of the id, 0, and TOPS pairs of an id and its log p, both of the logits as they are.
struct Uniforms { width4: u32, words: u32, size: u32, step: u32, rows: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;   // (B, V padded to 4)
@group(0) @binding(2) var<storage, read_write> seen: array<u32>; // (B, words): bits of the ids that the text has
@group(0) @binding(3) var<storage, read> stops: array<u32>;      // (words): bits of the ids that end an answer
@group(0) @binding(4) var<storage, read> settings: array<Settings>; // (B)
@group(0) @binding(5) var<storage, read> chunks: array<vec4f>;   // (B, chunks)
@group(0) @binding(6) var<storage, read> draws: array<f32>;      // (steps, B), uniform in 0 … 1
@group(0) @binding(7) var<storage, read_write> ids: array<u32>;  // (B)
@group(0) @binding(8) var<storage, read_write> results: array<u32>; // (steps, B, RECORD)

struct Candidate { value: f32, id: u32 }
const noId = 16777216u; // ids are below, so that float32 holds them
var<workgroup> best: array<f32, {{CHUNKS}}>;
var<workgroup> taken: array<Candidate, {{LIMIT}}>;
var<workgroup> sharedValue: f32;
var<workgroup> sharedId: u32;

// The first thread's value, in all threads and for the compiler to know it.
fn same(value: f32, lane: u32) -> f32 {
  if (lane == 0u) { sharedValue = value; }
  return workgroupUniformLoad(&sharedValue);
}

// The lowest of the threads' ids.
fn leastId(id: u32, lane: u32) -> u32 { return noId - u32(rowMax(f32(noId - id), lane)); }

// Fills `best` with the chunks' largest values, processed or as they are.
fn begin(row: u32, lane: u32, raw: bool) {
  workgroupBarrier();
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) {
    let chunk = chunks[row * {{CHUNKS}}u + c];
    best[c] = select(chunk.x, chunk.z, raw);
  }
  workgroupBarrier();
}

// Takes out the largest value that is left, which comes after `last`.
fn takeOut(row: u32, lane: u32, raw: bool, setting: Settings, last: Candidate) -> Candidate {
  var most = lowest;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) { most = max(most, best[c]); }
  let value = rowMax(most, lane);
  var least = noId;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) { least = min(least, select(noId, c, best[c] == value)); }
  let chunk = min(leastId(least, lane), {{CHUNKS - 1}}u);
  // What was taken before is larger, or equal with a lower id.
  let after = select(0u, last.id + 1u, value == last.value);
  var ids4 = vec4u(noId);
  var equals = vec4f();
  var below = vec4f(lowest);
  for (var n = lane; n < {{CHUNK4}}u; n += {{LANES}}u) {
    let i4 = chunk * {{CHUNK4}}u + n;
    var x: vec4f;
    if (raw) { x = rawLogits(row, i4); }
    else { x = processedLogits(row, i4, setting.penalty, u.step < setting.maskedSteps); }
    let id4 = vec4u(i4 * 4u) + vec4u(0u, 1u, 2u, 3u);
    let equal = (x == vec4f(value)) & (id4 >= vec4u(after));
    ids4 = min(ids4, select(vec4u(noId), id4, equal));
    equals += select(vec4f(), vec4f(1.0), equal);
    below = max(below, select(vec4f(lowest), x, x < vec4f(value)));
  }
  let id = leastId(min(min(ids4.x, ids4.y), min(ids4.z, ids4.w)), lane);
  let many = rowSum(equals.x + equals.y + equals.z + equals.w, lane) > 1.0;
  let next = select(rowMax(max(max(below.x, below.y), max(below.z, below.w)), lane), value, many);
  if (lane == 0u) {
    best[chunk] = next;
    sharedId = min(id, u.size - 1u);
  }
  return Candidate(same(value, lane), workgroupUniformLoad(&sharedId));
}

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let setting = settings[row];
  let sampling = setting.temperature > 0.0;
  let cool = 1.0 / max(setting.temperature, 1e-30);
  // Of all chunks: the largest value after penalties, and of the logits as they are; and the sums of exp relative to them.
  var most = lowest;
  var rawMost = lowest;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) {
    let chunk = chunks[row * {{CHUNKS}}u + c];
    most = max(most, chunk.x);
    rawMost = max(rawMost, chunk.z);
  }
  let top = same(rowMax(most, lane), lane);
  let rawTop = rowMax(rawMost, lane);
  var share = 0.0;
  var rawShare = 0.0;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) {
    let chunk = chunks[row * {{CHUNKS}}u + c];
    if (chunk.x > lowest) { share = fma(chunk.y, exp((chunk.x - top) * cool), share); }
    rawShare = fma(chunk.w, exp(chunk.z - rawTop), rawShare);
  }
  let total = same(rowSum(share, lane), lane);
  let normaliser = rawTop + log(rowSum(rawShare, lane));
  let draw = draws[u.step * u.rows + row];
  // Without cuts the draw alone says how many candidates are needed, with top-p the sum of their weights.
  let whole = setting.topK == 0u && setting.topP >= 1.0 && setting.minP <= 0.0;
  let enough = select(setting.topP, draw, whole) * total;
  let record = (u.step * u.rows + row) * {{RECORD}}u;
  // The candidates of the choice, then the likeliest ids: by the same loop, so that its code is there once.
  for (var list = 0u; list < 2u; list++) {
    let raw = list == 1u;
    var limit = {{LIMIT}}u;
    if (setting.topK > 0u) { limit = min(setting.topK, limit); }
    if (!sampling) { limit = 1u; }
    if (raw) { limit = min(setting.tops, {{TOPS}}u); }
    let early = !raw && setting.topK == 0u;
    begin(row, lane, raw);
    var last = Candidate(-lowest, 0u);
    var count = 0u;
    var mass = 0.0; // of weights relative to the largest one
    var ended = !early;
    for (var i = 0u; i < limit; i++) {
      if (early && i > 0u && select(mass >= enough, mass > enough, whole)) { ended = true; break; }
      last = takeOut(row, lane, raw, setting, last);
      let weight = exp((last.value - top) * cool);
      if (last.value <= lowest || (early && weight < setting.minP)) { ended = true; break; }
      if (lane == 0u) { taken[i] = last; }
      mass += weight;
      count++;
    }
    // The first thread has written all candidates, and decides.
    if (lane == 0u && raw) {
      for (var i = 0u; i < count; i++) {
        results[record + 4u + 2u * i] = taken[i].id;
        results[record + 5u + 2u * i] = bitcast<u32>(taken[i].value - normaliser);
      }
    }
    if (lane == 0u && !raw) {
      var kept = 0u;
      var keptMass = 0.0;
      for (; kept < count; kept++) {
        let weight = exp((taken[kept].value - top) * cool);
        let cut = !early && ((setting.topP < 1.0 && keptMass >= setting.topP * mass) || weight < setting.minP);
        if (kept > 0u && cut) { break; }
        keptMass += weight;
      }
      var chosen = 0u;
      var rest = draw * select(keptMass, total, whole);
      for (var i = 0u; i < kept; i++) {
        chosen = taken[i].id;
        rest -= exp((taken[i].value - top) * cool);
        if (rest < 0.0) { break; }
      }
      results[record] = chosen;
      results[record + 1u] = select(0u, 1u, sampling && !ended && mass < enough);
      results[record + 2u] = bitcast<u32>(rawLogits(row, chosen / 4u)[chosen & 3u] - normaliser);
      ids[row] = chosen;
      seen[row * u.words + chosen / 32u] |= 1u << (chosen & 31u);
    }
  }
}
