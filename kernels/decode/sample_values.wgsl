// Shared by the sampling kernels: the logits of a row as sampling sees them. They are taken in chunks of {{CHUNK4}} vectors, of
// which each of LANES threads has every LANES-th.
struct Settings { penalty: f32, temperature: f32, topP: f32, minP: f32, topK: u32, maskedSteps: u32, tops: u32, unused: u32 }
const lowest = -3.0e38;

// Four bits from bit 4·i4 of a row of words on.
fn fourBits(word: u32, i4: u32) -> vec4<bool> {
  return ((vec4u(word >> ((i4 & 7u) * 4u)) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)) == vec4u(1u);
}

// Logits 4·i4 … of a row, and `lowest` beyond the vocabulary.
fn rawLogits(row: u32, i4: u32) -> vec4f {
  if (i4 >= u.width4) { return vec4f(lowest); }
  return select(vec4f(lowest), logits[row * u.width4 + i4], vec4u(i4 * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(u.size));
}

// The same after the repetition penalty (Keskar et al. 2019, https://arxiv.org/abs/1909.05858), and with `masked` without
// the ids that end an answer.
fn processedLogits(row: u32, i4: u32, penalty: f32, masked: bool) -> vec4f {
  if (i4 >= u.width4) { return vec4f(lowest); }
  var x = rawLogits(row, i4);
  let punished = select(x * penalty, x / penalty, x > vec4f());
  x = select(x, punished, fourBits(seen[row * u.words + i4 / 8u], i4) & (x > vec4f(lowest)));
  if (masked) { x = select(x, vec4f(lowest), fourBits(stops[i4 / 8u], i4)); }
  return x;
}
