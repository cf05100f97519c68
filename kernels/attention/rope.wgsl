// Rotary position embedding in place (Su et al. 2021, https://arxiv.org/abs/2104.09864), in the half-split pairing of
// Hugging Face models: element i of a head turns with element i + D/2. One thread turns four pairs
// of HEADS heads of a token.
struct Uniforms { tokens: u32, heads: u32, direction: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> positions: array<u32>;  // (T)
@group(0) @binding(2) var<storage, read> table: array<vec4f>;    // (positions, 2, D/2): cosines, then sines
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;  // (T, heads, D)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  const half4 = {{HEAD_SIZE / 8}}u;
  let index = thread.x + thread.y * groups.x * 64u;
  let i = index % half4;
  let head0 = index / half4 * {{HEADS}}u;
  if (head0 >= u.tokens * u.heads) { return; }
  let angle = positions[head0 / u.heads] * 2u * half4 + i;
  let cosine = table[angle];
  let sine = table[angle + half4] * u.direction;
  //% for j in 0..HEADS
  let at{{j}} = (head0 + {{j}}u) * 2u * half4 + i;
  let first{{j}} = x[at{{j}}];
  let second{{j}} = x[at{{j}} + half4];
  x[at{{j}}] = first{{j}} * cosine - second{{j}} * sine;
  x[at{{j}} + half4] = second{{j}} * cosine + first{{j}} * sine;
  //% end
}
