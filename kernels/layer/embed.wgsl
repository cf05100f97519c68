// y[t] = row ids[t] of the embedding, read from the blocks of weight_block.wgsl. One thread for four columns.
// W may be one part of a larger embedding: ids outside of it are left to the other parts.
struct Uniforms { columns4: u32, tokens: u32, firstRow: u32, rows: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> ids: array<u32>;        // (T)
@group(0) @binding(2) var<storage, read> blocks: array<{{BITS == 32 ? "vec4f" : "vec4u"}}>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (T, C)
//% if BITS != 32
@group(0) @binding(4) var<storage, read> scales: array<vec4f>;   // (rows / 4)
//% end
//% if BITS == 4
@group(0) @binding(5) var<storage, read> factors: array<u32>;    // (rows / 4, C / 16)
//% end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = thread.x + thread.y * groups.x * 64u;
  if (index >= u.tokens * u.columns4) { return; }
  let id = ids[index / u.columns4] - u.firstRow; // ids below the part wrap round to large numbers
  if (id >= u.rows) { return; }
  let block = loadBlock(id / 4u, index % u.columns4);
  var row = block[0];
  switch (id & 3u) {
    case 1u: { row = block[1]; }
    case 2u: { row = block[2]; }
    case 3u: { row = block[3]; }
    default: {}
  }
  y[index] = row{{BITS == 32 ? "" : " * scales[id / 4u][id & 3u]"}};
}
