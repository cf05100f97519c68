// The products of product.wgsl by tiles in workgroup memory: a workgroup computes (ROWS · GROUP_ROWS) rows ×
// (4 · COLUMNS · LANES) columns, and goes along the sum in chunks of 4 · DEPTH. Its threads copy a chunk of x and the
// unpacked blocks of W side by side into workgroup memory, wait, and each multiplies its ROWS × 4·COLUMNS outputs.
struct Uniforms {
  rows: u32, inner4: u32, outer4: u32, columns4: u32,
  xStride4: u32, xFirst4: u32, yStride4: u32, yFirst4: u32,
  firstGroup: u32,
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

const tileRows = {{ROWS * GROUP_ROWS}}u;
const tileColumns = {{COLUMNS * LANES}}u;
const threads = {{LANES * GROUP_ROWS}}u;

// x of the tile: [row][depth]; W of the tile, four rows a block: [depth][row in block][column of the tile]
var<workgroup> xs: array<vec4f, {{ROWS * GROUP_ROWS * DEPTH}}>;
var<workgroup> ws: array<vec4f, {{4 * DEPTH * COLUMNS * LANES}}>;

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) index: u32) {
  let firstRow = (u.firstGroup + group.y) * tileRows;
  let firstColumn = group.x * tileColumns;
  //% for i in 0..ROWS
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  // The bound is a uniform and no thread leaves early: every thread meets every barrier.
  for (var p0 = 0u; p0 < u.inner4; p0 += {{DEPTH}}u) {
    for (var at = index; at < tileRows * {{DEPTH}}u; at += threads) {
      let p = p0 + at % {{DEPTH}}u;
      let inner = min(p, u.inner4 - 1u);
      let row = min(firstRow + at / {{DEPTH}}u, u.rows - 1u);
      let value = x[row * u.xStride4 + u.xFirst4 + inner]{{TRANSPOSED && BITS != 32 ? " * scales[inner]" : ""}};
      xs[at] = select(vec4f(), value, p < u.inner4);
    }
    for (var at = index; at < tileColumns * {{DEPTH}}u; at += threads) {
      //% if TRANSPOSED
      let depth = at / tileColumns;
      let column = at % tileColumns;
      //% else
      let depth = at % {{DEPTH}}u;
      let column = at / {{DEPTH}}u;
      //% end
      let inner = min(p0 + depth, u.inner4 - 1u);
      let outer = min(firstColumn + column, u.outer4 - 1u);
      let block = {{TRANSPOSED ? "loadBlock(inner, outer)" : "transpose(loadBlock(outer, inner))"}};
      //% for t in 0..4
      ws[(depth * 4u + {{t}}u) * tileColumns + column] = block[{{t}}];
      //% end
    }
    workgroupBarrier();
    for (var d = 0u; d < {{DEPTH}}u; d++) {
      //% for i in 0..ROWS
      let a{{i}} = xs[(local.y * {{ROWS}}u + {{i}}u) * {{DEPTH}}u + d];
      //% end
      //% for t in 0..4
      //% for j in 0..COLUMNS
      let w{{t}}_{{j}} = ws[(d * 4u + {{t}}u) * tileColumns + local.x + {{j * LANES}}u];
      //% for i in 0..ROWS
      sum{{i}}_{{j}} = fma(vec4f(a{{i}}.{{"xyzw"[t]}}), w{{t}}_{{j}}, sum{{i}}_{{j}});
      //% end
      //% end
      //% end
    }
    workgroupBarrier();
  }
  let row0 = firstRow + local.y * {{ROWS}}u;
  //% for j in 0..COLUMNS
  let column{{j}} = firstColumn + local.x + {{j * LANES}}u;
  if (column{{j}} < u.outer4) {
    //% if !TRANSPOSED && BITS != 32
    let scale = scales[column{{j}}];
    //% end
    //% for i in 0..ROWS
    if (row0 + {{i}}u < u.rows) {
      let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
      y[to] = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}sum{{i}}_{{j}}{{!TRANSPOSED && BITS != 32 ? " * scale" : ""}};
    }
    //% end
  }
  //% end
}
