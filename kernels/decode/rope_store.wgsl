// Queries and keys turned by the angles of their positions (rope.wgsl), queries in place, keys and values
// to their places in the cache, with HALF as float16. One thread turns, or copies, four pairs of a head.
struct Uniforms { rows: u32, heads: u32, keyHeads: u32, positions: u32, step: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> places: array<vec2u>;   // (B): the slot, the position at step 0
@group(0) @binding(2) var<storage, read> table: array<vec4f>;    // (positions, 2, D/2): cosines, then sines
@group(0) @binding(3) var<storage, read_write> q: array<vec4f>;  // (B, H, D)
@group(0) @binding(4) var<storage, read> k: array<vec4f>;        // (B, G, D)
@group(0) @binding(5) var<storage, read> v: array<vec4f>;        // (B, G, D)
@group(0) @binding(6) var<storage, read_write> keys: array<{{HALF ? "vec2u" : "vec4f"}}>; // (slots, G, P, D)
@group(0) @binding(7) var<storage, read_write> values: array<{{HALF ? "vec2u" : "vec4f"}}>; // (slots, G, P, D)

fn stored(x: vec4f) -> {{HALF ? "vec2u" : "vec4f"}} { return {{HALF ? "vec2u(pack2x16float(x.xy), pack2x16float(x.zw))" : "x"}}; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  const half4 = {{HEAD_SIZE / 8}}u;
  let index = thread.x + thread.y * groups.x * 64u;
  let i = index % half4;
  let all = u.heads + 2u * u.keyHeads;
  let row = index / half4 / all;
  if (row >= u.rows) { return; }
  let head = index / half4 % all;
  let place = places[row];
  let position = place.y + u.step;
  if (head >= u.heads + u.keyHeads) {
    let keyHead = head - u.heads - u.keyHeads;
    let at = (row * u.keyHeads + keyHead) * 2u * half4 + i;
    let to = ((place.x * u.keyHeads + keyHead) * u.positions + position) * 2u * half4 + i;
    values[to] = stored(v[at]);
    values[to + half4] = stored(v[at + half4]);
    return;
  }
  let angle = position * 2u * half4 + i;
  let cosine = table[angle];
  let sine = table[angle + half4];
  if (head < u.heads) {
    let at = (row * u.heads + head) * 2u * half4 + i;
    let first = q[at];
    let second = q[at + half4];
    q[at] = first * cosine - second * sine;
    q[at + half4] = second * cosine + first * sine;
  } else {
    let keyHead = head - u.heads;
    let at = (row * u.keyHeads + keyHead) * 2u * half4 + i;
    let to = ((place.x * u.keyHeads + keyHead) * u.positions + position) * 2u * half4 + i;
    let first = k[at];
    let second = k[at + half4];
    keys[to] = stored(first * cosine - second * sine);
    keys[to + half4] = stored(second * cosine + first * sine);
  }
}
