// Products with a frozen weight W (N, K) kept in 4 × 4 blocks (weight.ts), which serve both directions with one load:
//   forward     y (M, N) = x (M, K) · Wᵀ        sums over K, blocks along a row of blocks
//   transposed  y (M, K) = x (M, N) · W         sums over N, blocks down a column of blocks
// A thread computes ROWS × 4·COLUMNS outputs. With SHUFFLE a workgroup row is one subgroup of LANES threads: each lane
// loads the activations of one row once and hands them round, so there are LANES times fewer loads. Without, every
// thread loads its own. Int8 scales belong to rows of W: forward applies them to the result, transposed to the input.
// W may be one part of a larger weight: then it takes or gives some columns of x or y only, from xFirst4 or yFirst4 on.
struct Uniforms {
  rows: u32, inner4: u32, outer4: u32, blocksPerRow: u32,
  xStride4: u32, xFirst4: u32, yStride4: u32, yFirst4: u32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
//% if BITS == 8
@group(0) @binding(2) var<storage, read> blocks: array<vec4u>;
//% else
@group(0) @binding(2) var<storage, read> blocks: array<vec4f>;
//% end
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//% if BITS == 8
@group(0) @binding(4) var<storage, read> scales: array<vec4f>;   // (N / 4)
//% end
//% if RESIDUAL
@group(0) @binding({{BITS == 8 ? 5 : 4}}) var<storage, read> residual: array<vec4f>; // the shape of y
//% end

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row0 = thread.y * {{ROWS}}u;
  let firstColumn = thread.x * {{COLUMNS}}u;
  let lastRow = u.rows - 1u;
  //% for j in 0..COLUMNS
  // Columns beyond the end are computed from the last one and never stored.
  let column{{j}} = min(firstColumn + {{j}}u, u.outer4 - 1u);
  //% end
  //% if SHUFFLE
  //% for q in 0..ROWS / LANES
  let from{{q}} = min(row0 + {{q * LANES}}u + local.x, lastRow) * u.xStride4 + u.xFirst4;
  //% end
  //% else
  //% for i in 0..ROWS
  let from{{i}} = min(row0 + {{i}}u, lastRow) * u.xStride4 + u.xFirst4;
  //% end
  //% end
  //% for i in 0..ROWS
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  for (var p = 0u; p < u.inner4; p++) {
    //% if SHUFFLE
    //% for q in 0..ROWS / LANES
    let mine{{q}} = x[from{{q}} + p]{{TRANSPOSED && BITS == 8 ? " * scales[p]" : ""}};
    //% end
    //% end
    //% for j in 0..COLUMNS
    //% if TRANSPOSED
    let at{{j}} = p * u.blocksPerRow + column{{j}};
    //% else
    let at{{j}} = column{{j}} * u.blocksPerRow + p;
    //% end
    //% if BITS == 8
    let block{{j}} = blocks[at{{j}}];
    //% for t in 0..4
    let row{{j}}_{{t}} = vec4f(unpack4xI8(block{{j}}.{{"xyzw"[t]}}));
    //% end
    //% else
    //% for t in 0..4
    let row{{j}}_{{t}} = blocks[at{{j}} * 4u + {{t}}u];
    //% end
    //% end
    //% if !TRANSPOSED
    //% for t in 0..4
    let column{{j}}_{{t}} = vec4f(row{{j}}_0.{{"xyzw"[t]}}, row{{j}}_1.{{"xyzw"[t]}}, row{{j}}_2.{{"xyzw"[t]}}, row{{j}}_3.{{"xyzw"[t]}});
    //% end
    //% end
    //% end
    //% for i in 0..ROWS
    //% if SHUFFLE
    let a{{i}} = subgroupShuffle(mine{{Math.floor(i / LANES)}}, {{i % LANES}}u);
    //% else
    let a{{i}} = x[from{{i}} + p]{{TRANSPOSED && BITS == 8 ? " * scales[p]" : ""}};
    //% end
    //% for j in 0..COLUMNS
    //% for t in 0..4
    sum{{i}}_{{j}} = fma(vec4f(a{{i}}.{{"xyzw"[t]}}), {{TRANSPOSED ? "row" : "column"}}{{j}}_{{t}}, sum{{i}}_{{j}});
    //% end
    //% end
    //% end
  }
  //% for j in 0..COLUMNS
  if (firstColumn + {{j}}u < u.outer4) {
    //% if !TRANSPOSED && BITS == 8
    let scale = scales[column{{j}}];
    //% end
    //% for i in 0..ROWS
    if (row0 + {{i}}u <= lastRow) {
      let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
      y[to] = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}sum{{i}}_{{j}}{{!TRANSPOSED && BITS == 8 ? " * scale" : ""}};
    }
    //% end
  }
  //% end
}
