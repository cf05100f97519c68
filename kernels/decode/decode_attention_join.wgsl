// Joins the parts that decode_attention.wgsl left of each row, in the order of the keys. One thread for four elements.
struct Uniforms { rows: u32, heads: u32, step: u32, splits: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> places: array<vec2u>;   // (B): the slot's first row in the cache, the position at step 0
@group(0) @binding(2) var<storage, read> partials: array<vec4f>; // (B, H, splits, D / 4 + 1); the last holds maximum and sum
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (B, H, D)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = thread.x + thread.y * groups.x * 64u;
  let head = index / {{D4}}u;
  if (head >= u.rows * u.heads) { return; }
  let used = (places[head / u.heads].y + u.step) / {{CHUNK}}u + 1u;
  let first = head * u.splits * {{D4 + 1}}u;
  var most = -1e30;
  for (var i = 0u; i < used; i++) { most = max(most, partials[first + i * {{D4 + 1}}u + {{D4}}u].x); }
  var sum = 0.0;
  var o = vec4f();
  for (var i = 0u; i < used; i++) {
    let part = first + i * {{D4 + 1}}u;
    let stats = partials[part + {{D4}}u];
    let share = exp(stats.x - most);
    sum = fma(stats.y, share, sum);
    o = fma(partials[part + index % {{D4}}u], vec4f(share), o);
  }
  y[index] = o / sum;
}
