// y[t] = row ids[t] of the embedding, read from the 4 × 4 blocks of weight.ts. One thread for four columns.
// W may be one part of a larger embedding: ids outside of it are left to the other parts.
struct Uniforms { width4: u32, tokens: u32, firstRow: u32, rows: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> ids: array<u32>;        // (T)
//% if BITS == 8
@group(0) @binding(2) var<storage, read> blocks: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (T, C)
@group(0) @binding(4) var<storage, read> scales: array<f32>;     // (rows)
//% else
@group(0) @binding(2) var<storage, read> blocks: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//% end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = thread.x + thread.y * groups.x * 64u;
  if (index >= u.tokens * u.width4) { return; }
  let id = ids[index / u.width4] - u.firstRow; // ids below the part wrap round to large numbers
  if (id >= u.rows) { return; }
  let block = (id >> 2u) * u.width4 + index % u.width4;
  //% if BITS == 8
  let word = blocks[block][id & 3u];
  y[index] = vec4f(unpack4xI8(word)) * scales[id];
  //% else
  y[index] = blocks[block * 4u + (id & 3u)];
  //% end
}
