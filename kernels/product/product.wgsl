// Products with a frozen weight W (N, K) kept in blocks (weight_block.wgsl), which serve both directions with one load:
//   forward     y (M, N) = x (M, K) · Wᵀ        sums over K, blocks along a row of blocks
//   transposed  y (M, K) = x (M, N) · W         sums over N, blocks down a column of blocks
// A thread computes ROWS × 4·COLUMNS outputs. With SHUFFLE a workgroup row is one subgroup of LANES threads: each lane
// loads the activations of one row once and hands them round, so there are LANES times fewer loads. Without, every
// thread loads its own. Row scales belong to rows of W: forward applies them to the result, transposed to the input.
// W may be one part of a larger weight: then it takes or gives some columns of x or y only, from xFirst4 or yFirst4 on.
// The sums begin at firstInner4 and end at inner4.
// 4-bit blocks come in pairs: forward takes two steps of the inner loop at a time (STEP, an odd last one is TAIL),
// transposed two columns.
struct Uniforms {
  rows: u32, inner4: u32, outer4: u32, columns4: u32,
  xStride4: u32, xFirst4: u32, yStride4: u32, yFirst4: u32,
  firstInner4: u32, firstGroup: u32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> blocks: array<{{BITS == 32 ? "vec4f" : "vec4u"}}>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//% if BITS != 32
@group(0) @binding(4) var<storage, read> scales: array<vec4f>;   // (N / 4)
//% end
//% if BITS == 4
@group(0) @binding(5) var<storage, read> factors: array<u32>;    // (N / 4, K / 16)
//% end
//% if RESIDUAL
@group(0) @binding({{BITS == 4 ? 6 : BITS == 8 ? 5 : 4}}) var<storage, read> residual: array<vec4f>; // the shape of y
//% end

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row0 = (u.firstGroup * {{GROUP_ROWS}}u + thread.y) * {{ROWS}}u;
  let firstColumn = thread.x * {{COLUMNS}}u;
  let lastRow = u.rows - 1u;
  //% for j in 0..COLUMNS
  // Columns beyond the end are computed from the last ones and never stored.
  //% if PAIRS && TRANSPOSED
  let column{{j}} = min(firstColumn + {{j - j % 2}}u, (u.outer4 - 1u) & ~1u) + {{j % 2}}u;
  //% else
  let column{{j}} = min(firstColumn + {{j}}u, u.outer4 - 1u);
  //% end
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
  //% for pass in 0..TAIL ? 2 : 1
  {{pass === 0 ? `for (var p = u.firstInner4; p < u.inner4${TAIL ? " - 1u" : ""}; p += ${STEP}u) {` : "{ let p = u.inner4 - 1u;"}}
    //% for s in 0..pass === 0 ? STEP : 1
    //% if SHUFFLE
    //% for q in 0..ROWS / LANES
    let mine{{s}}_{{q}} = x[from{{q}} + p + {{s}}u]{{TRANSPOSED && BITS != 32 ? ` * scales[p + ${s}u]` : ""}};
    //% end
    //% end
    //% for j in 0..COLUMNS
    //% if PAIRS && TRANSPOSED && j % 2 === 0
    let pair{{s}}_{{j}} = loadPair(p + {{s}}u, column{{j}} / 2u);
    let block{{s}}_{{j}} = pair{{s}}_{{j}}.left;
    let block{{s}}_{{j + 1}} = pair{{s}}_{{j}}.right;
    //% end
    //% if PAIRS && !TRANSPOSED && pass === 0 && s % 2 === 0
    let pair{{s}}_{{j}} = loadPair(column{{j}}, p / 2u + {{s / 2}}u);
    let block{{s}}_{{j}} = transpose(pair{{s}}_{{j}}.left);
    let block{{s + 1}}_{{j}} = transpose(pair{{s}}_{{j}}.right);
    //% end
    //% if !PAIRS && TRANSPOSED
    let block{{s}}_{{j}} = loadBlock(p + {{s}}u, column{{j}});
    //% end
    //% if !TRANSPOSED && (!PAIRS || pass === 1)
    let block{{s}}_{{j}} = transpose(loadBlock(column{{j}}, p + {{s}}u));
    //% end
    //% end
    //% for i in 0..ROWS
    //% if SHUFFLE
    let a{{s}}_{{i}} = subgroupShuffle(mine{{s}}_{{Math.floor(i / LANES)}}, {{i % LANES}}u);
    //% else
    let a{{s}}_{{i}} = x[from{{i}} + p + {{s}}u]{{TRANSPOSED && BITS != 32 ? ` * scales[p + ${s}u]` : ""}};
    //% end
    //% for j in 0..COLUMNS
    //% for t in 0..4
    sum{{i}}_{{j}} = fma(vec4f(a{{s}}_{{i}}.{{"xyzw"[t]}}), block{{s}}_{{j}}[{{t}}], sum{{i}}_{{j}});
    //% end
    //% end
    //% end
    //% end
  }
  //% end
  //% for j in 0..COLUMNS
  if (firstColumn + {{j}}u < u.outer4) {
    //% if !TRANSPOSED && BITS != 32
    let scale = scales[column{{j}}];
    //% end
    //% if ROLLED
    // A store is a loop over the lanes there, so that many of them compile slowly: four rows at a time.
    for (var i = 0u; i < min({{ROWS}}u, u.rows - row0); i += 4u) {
      //% for r in 0..4
      var value{{r}} = sum{{r}}_{{j}};
      //% for q in 1..ROWS / 4
      if (i == {{q * 4}}u) { value{{r}} = sum{{q * 4 + r}}_{{j}}; }
      //% end
      if (row0 + i + {{r}}u <= lastRow) {
        let to = (row0 + i + {{r}}u) * u.yStride4 + u.yFirst4 + column{{j}};
        y[to] = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}value{{r}}{{!TRANSPOSED && BITS != 32 ? " * scale" : ""}};
      }
      //% end
    }
    //% end
    //% if !ROLLED
    //% for i in 0..ROWS
    if (row0 + {{i}}u <= lastRow) {
      let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
      y[to] = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}sum{{i}}_{{j}}{{!TRANSPOSED && BITS != 32 ? " * scale" : ""}};
    }
    //% end
    //% end
  }
  //% end
}
