// Row ids[s] of g += Σ dy over the tokens order[begins[s]] … order[begins[s + 1] − 1]: the gradient of the embedding, g in the
// 4 × 4 blocks of weight.ts. One thread sums four columns of one id over its tokens in order, so no two threads add to
// one place. The table may lie in several buffers: one dispatch takes the ids whose rows are in one of them.
struct Uniforms { width4: u32, distinct: u32, firstRow: u32, rows: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> ids: array<u32>;        // (distinct)
@group(0) @binding(2) var<storage, read> begins: array<u32>;     // (distinct + 1)
@group(0) @binding(3) var<storage, read> order: array<u32>;      // (T)
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;       // (T, C)
@group(0) @binding(5) var<storage, read_write> g: array<vec4f>;  // (rows / 4, C / 4, 4)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = thread.x + thread.y * groups.x * 64u;
  if (index >= u.distinct * u.width4) { return; }
  let s = index / u.width4;
  let column = index % u.width4;
  let row = ids[s] - u.firstRow; // below firstRow it wraps round and is beyond the rows as well
  if (row >= u.rows) { return; }
  var sum = vec4f();
  let end = begins[s + 1u];
  for (var i = begins[s]; i < end; i++) { sum += dy[order[i] * u.width4 + column]; }
  g[((row >> 2u) * u.width4 + column) * 4u + (row & 3u)] += sum;
}
