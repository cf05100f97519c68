// What sampling needs to know of each chunk of a row's logits: the largest after penalties, Σ exp((x − largest) / T); and
// of the logits as they are the largest, and Σ exp(x − largest).
struct Uniforms { width4: u32, words: u32, size: u32, step: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;   // (B, V padded to 4)
@group(0) @binding(2) var<storage, read> seen: array<u32>;       // (B, words): bits of the ids that the text has
@group(0) @binding(3) var<storage, read> stops: array<u32>;      // (words): bits of the ids that end an answer
@group(0) @binding(4) var<storage, read> settings: array<Settings>; // (B)
@group(0) @binding(5) var<storage, read_write> chunks: array<vec4f>; // (B, chunks)

fn sumOf(x: vec4f) -> f32 { return x.x + x.y + x.z + x.w; }
fn mostOf(x: vec4f) -> f32 { return max(max(x.x, x.y), max(x.z, x.w)); }

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  let first = group.x * {{CHUNK4}}u + lane;
  let setting = settings[row];
  var rawMost = vec4f(lowest);
  var most = vec4f(lowest);
  //% for n in 0..CHUNK4 / LANES
  let raw{{n}} = rawLogits(row, first + {{n * LANES}}u);
  let x{{n}} = processedLogits(row, first + {{n * LANES}}u, setting.penalty, u.step < setting.maskedSteps);
  rawMost = max(rawMost, raw{{n}});
  most = max(most, x{{n}});
  //% end
  let rawLargest = rowMax(mostOf(rawMost), lane);
  let largest = rowMax(mostOf(most), lane);
  let cool = 1.0 / max(setting.temperature, 1e-30);
  var rawSum = vec4f();
  var sum = vec4f();
  //% for n in 0..CHUNK4 / LANES
  rawSum += select(vec4f(), exp(raw{{n}} - rawLargest), raw{{n}} > vec4f(lowest));
  sum += select(vec4f(), exp((x{{n}} - largest) * cool), x{{n}} > vec4f(lowest));
  //% end
  let result = vec4f(largest, rowSum(sumOf(sum), lane), rawLargest, rowSum(sumOf(rawSum), lane));
  if (lane == 0u) { chunks[row * groups.x + group.x] = result; }
}
