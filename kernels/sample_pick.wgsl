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
  let first = chunk * {{CHUNK4}}u + lane;
  var id = noId;
  //% for n in 0..CHUNK4 / LANES
  let at{{n}} = (first + {{n * LANES}}u) * 4u;
  var x{{n}}: vec4f;
  if (raw) { x{{n}} = rawLogits(row, first + {{n * LANES}}u); }
  else { x{{n}} = processedLogits(row, first + {{n * LANES}}u, setting.penalty, u.step < setting.maskedSteps); }
  //% for t in 0..4
  let left{{n}}_{{t}} = x{{n}}[{{t}}] < last.value || (x{{n}}[{{t}}] == last.value && at{{n}} + {{t}}u > last.id);
  id = min(id, select(noId, at{{n}} + {{t}}u, left{{n}}_{{t}} && x{{n}}[{{t}}] == value));
  //% end
  //% end
  id = leastId(id, lane);
  var next = lowest;
  //% for n in 0..CHUNK4 / LANES
  //% for t in 0..4
  next = max(next, select(lowest, x{{n}}[{{t}}], x{{n}}[{{t}}] < value || (x{{n}}[{{t}}] == value && at{{n}} + {{t}}u > id)));
  //% end
  //% end
  next = rowMax(next, lane);
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
  begin(row, lane, false);
  let top = takeOut(row, lane, false, setting, Candidate(-lowest, 0u));
  var chosen = top.id;
  var undecided = 0u;
  if (setting.temperature > 0.0) {
    let cool = 1.0 / setting.temperature;
    let limit = select({{LIMIT}}u, min(setting.topK, {{LIMIT}}u), setting.topK > 0u);
    // Weights are relative to the most likely id's. Their sum: of the top k, or of the whole vocabulary.
    var last = top;
    if (lane == 0u) { taken[0] = top; }
    var count = 1u;
    var total = 1.0;
    if (setting.topK > 0u) {
      for (; count < limit; count++) {
        last = takeOut(row, lane, false, setting, last);
        if (last.value <= lowest) { break; }
        if (lane == 0u) { taken[count] = last; }
        total += exp((last.value - top.value) * cool);
      }
    } else {
      var share = 0.0;
      for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) {
        let chunk = chunks[row * {{CHUNKS}}u + c];
        if (chunk.x > lowest) { share = fma(chunk.y, exp((chunk.x - top.value) * cool), share); }
      }
      total = same(rowSum(share, lane), lane);
    }
    // What the cuts leave is the first `kept` candidates, of weight `mass` together.
    let draw = draws[u.step * u.rows + row];
    let whole = setting.topK == 0u && setting.topP >= 1.0 && setting.minP <= 0.0;
    let enough = select(setting.topP, draw, whole) * total;
    var kept = 0u;
    var mass = 0.0;
    var ended = setting.topK > 0u;
    for (var i = 0u; i < limit; i++) {
      if (i >= count) {
        if (setting.topK > 0u) { break; }
        last = takeOut(row, lane, false, setting, last);
        if (last.value <= lowest) { ended = true; break; }
        if (lane == 0u) { taken[i] = last; }
        count++;
      }
      let weight = exp((workgroupUniformLoad(&taken[i]).value - top.value) * cool);
      if (i > 0u && ((setting.topP < 1.0 || whole) && mass >= enough || weight < setting.minP)) { ended = true; break; }
      mass += weight;
      kept++;
    }
    undecided = select(1u, 0u, ended || mass >= enough);
    var rest = draw * select(mass, total, whole);
    for (var i = 0u; i < kept; i++) {
      let candidate = taken[i];
      chosen = candidate.id;
      rest -= exp((candidate.value - top.value) * cool);
      if (rest < 0.0) { break; }
    }
  }
  // log p = logit − log Σ exp(logit), over the chunks.
  var most = lowest;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) { most = max(most, chunks[row * {{CHUNKS}}u + c].z); }
  let largest = rowMax(most, lane);
  var share = 0.0;
  for (var c = lane; c < {{CHUNKS}}u; c += {{LANES}}u) {
    let chunk = chunks[row * {{CHUNKS}}u + c];
    share = fma(chunk.w, exp(chunk.z - largest), share);
  }
  let normaliser = largest + log(rowSum(share, lane));
  let record = (u.step * u.rows + row) * {{RECORD}}u;
  if (lane == 0u) {
    results[record] = chosen;
    results[record + 1u] = undecided;
    results[record + 2u] = bitcast<u32>(rawLogits(row, chosen / 4u)[chosen & 3u] - normaliser);
    ids[row] = chosen;
  }
  if (setting.tops > 0u) {
    begin(row, lane, true);
    var last = Candidate(-lowest, 0u);
    for (var i = 0u; i < min(setting.tops, {{TOPS}}u); i++) {
      last = takeOut(row, lane, true, setting, last);
      if (lane == 0u) {
        results[record + 4u + 2u * i] = last.id;
        results[record + 5u + 2u * i] = bitcast<u32>(last.value - normaliser);
      }
    }
  }
  if (lane == 0u) { seen[row * u.words + chosen / 32u] |= 1u << (chosen & 31u); }
}
