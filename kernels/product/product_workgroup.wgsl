// The products of product.wgsl by tiles in workgroup memory: a workgroup computes (ROWS · GROUP_ROWS) rows ×
// (4 · COLUMNS · LANES) columns, and goes along the sum in chunks of 4 · DEPTH. Its threads copy a chunk of x and the
// unpacked blocks of W side by side into workgroup memory, wait, and each multiplies its ROWS × 4·COLUMNS outputs.
// With SLICES a sum is cut into as many slices of sliceInner4; each has its own threads, and they are added up in order at the end.
struct Uniforms {
  rows: u32, inner4: u32, outer4: u32, columns4: u32,
  xStride4: u32, xFirst4: u32, yStride4: u32, yFirst4: u32,
  firstInner4: u32, sliceInner4: u32, firstGroup: u32,
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

// x of the tile: [row][depth]; W of the tile: [row in block, depth][column]. Inner loops are unrolled, so that every index is known but
// one, which stays the same: what guards an access is then done once. Two columns more let neighbours who store one column's depths meet
// different banks.
var<workgroup> xs: array<array<vec4f, {{DEPTH}}>, tileRows * {{SLICES}}u>;
var<workgroup> ws: array<array<vec4f, (tileColumns + 2u) * {{SLICES}}u>, {{4 * DEPTH}}>;
//% if SLICES > 1
var<workgroup> parts: array<array<vec4f, {{COLUMNS}}>, threads * {{SLICES - 1}}u>;
//% end

// A thread's share of a chunk, which is fetched while the chunk before is multiplied: vectors of x and blocks of W.
//% for n in 0..X_SHARE
var<private> x{{n}}: vec4f;
var<private> from{{n}}: u32;
//% end
//% for n in 0..W_SHARE
var<private> w{{n}}: mat4x4f;
var<private> outer{{n}}: u32;
var<private> wDepth{{n}}: u32;
//% end

// What lies beyond the end of the sums is fetched from the end of x, and as 0.
fn fetch(p0: u32, end: u32, xDepth: u32) {
  let inner = min(p0 + xDepth, u.inner4 - 1u);
  //% for n in 0..X_SHARE
  x{{n}} = select(vec4f(), x[from{{n}} + inner]{{TRANSPOSED && BITS != 32 ? " * scales[inner]" : ""}}, p0 + xDepth < end);
  //% end
  //% for n in 0..W_SHARE
  let inner{{n}} = min(p0 + wDepth{{n}}, u.inner4 - 1u);
  w{{n}} = {{TRANSPOSED ? `loadBlock(inner${n}, outer${n})` : `transpose(loadBlock(outer${n}, inner${n}))`}};
  //% end
}

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}}, {{SLICES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let index = local.y * {{LANES}}u + local.x;
  //% if SLICES > 1
  let slice = local.z;
  let first = slice * u.sliceInner4;
  let end = min(first + u.sliceInner4, u.inner4);
  //% else
  let first = u.firstInner4;
  let end = u.inner4;
  //% end
  let firstRow = (u.firstGroup + group.y) * tileRows;
  let firstColumn = group.x * tileColumns;
  //% for i in 0..ROWS
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  let xDepth = index % {{DEPTH}}u;
  //% for n in 0..X_SHARE
  let xRow{{n}} = (index + {{n}}u * threads) / {{DEPTH}}u;
  from{{n}} = min(firstRow + xRow{{n}}, u.rows - 1u) * u.xStride4 + u.xFirst4;
  //% end
  //% for n in 0..W_SHARE
  wDepth{{n}} = {{TRANSPOSED ? `(index + ${n}u * threads) / tileColumns` : `index % ${DEPTH}u`}};
  let wColumn{{n}} = {{TRANSPOSED ? `(index + ${n}u * threads) % tileColumns` : `(index + ${n}u * threads) / ${DEPTH}u`}};
  outer{{n}} = min(firstColumn + wColumn{{n}}, u.outer4 - 1u);
  //% end
  fetch(first, end, xDepth);
  // The bound is a uniform and no thread leaves early: every thread meets every barrier.
  {{SLICES > 1 ? `for (var p = 0u; p < u.sliceInner4; p += ${DEPTH}u)` : `for (var p0 = u.firstInner4; p0 < u.inner4; p0 += ${DEPTH}u)`}} {
    //% if SLICES > 1
    let p0 = first + p;
    //% end
    workgroupBarrier();
    //% for n in 0..X_SHARE
    xs[{{SLICES > 1 ? "slice * tileRows + " : ""}}xRow{{n}}][xDepth] = x{{n}};
    //% end
    //% for n in 0..W_SHARE
    {{PARTIAL ? `if (index + ${n}u * threads < tileColumns * ${DEPTH}u)` : ""}} {
      //% for t in 0..4
      ws[wDepth{{n}} + {{t * DEPTH}}u][{{SLICES > 1 ? "slice * (tileColumns + 2u) + " : ""}}wColumn{{n}}] = w{{n}}[{{t}}];
      //% end
    }
    //% end
    workgroupBarrier();
    fetch(p0 + {{DEPTH}}u, end, xDepth);
    {{ROLLED ? `for (var d = 0u; d < ${DEPTH}u; d++)` : ""}}
    //% for d in 0..ROLLED ? 1 : DEPTH
    {
      //% for i in 0..ROWS
      let a{{i}} = xs[{{SLICES > 1 ? "slice * tileRows + " : ""}}local.y * {{ROWS}}u + {{i}}u][{{ROLLED ? "d" : d}}];
      //% end
      //% for t in 0..4
      //% for j in 0..COLUMNS
      let w{{t}}_{{j}} = ws[{{t * DEPTH}}u + {{ROLLED ? "d" : `${d}u`}}][{{SLICES > 1 ? "slice * (tileColumns + 2u) + " : ""}}local.x + {{j * LANES}}u];
      //% for i in 0..ROWS
      sum{{i}}_{{j}} = fma(vec4f(a{{i}}.{{"xyzw"[t]}}), w{{t}}_{{j}}, sum{{i}}_{{j}});
      //% end
      //% end
      //% end
    }
    //% end
  }
  let row0 = firstRow + local.y * {{ROWS}}u;
  //% for j in 0..COLUMNS
  let column{{j}} = firstColumn + local.x + {{j * LANES}}u;
  //% if !TRANSPOSED && BITS != 32
  let scale{{j}} = scales[min(column{{j}}, u.outer4 - 1u)];
  //% end
  //% end
  //% for i in 0..ROWS
  //% if SLICES > 1
  workgroupBarrier();
  if (slice > 0u) {
    //% for j in 0..COLUMNS
    parts[(slice - 1u) * threads + index][{{j}}] = sum{{i}}_{{j}}{{!TRANSPOSED && BITS != 32 ? ` * scale${j}` : ""}};
    //% end
  }
  workgroupBarrier();
  //% end
  //% for j in 0..COLUMNS
  if ({{SLICES > 1 ? "slice == 0u && " : ""}}column{{j}} < u.outer4 && row0 + {{i}}u < u.rows) {
    let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
    var value = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}sum{{i}}_{{j}}{{!TRANSPOSED && BITS != 32 ? ` * scale${j}` : ""}};
    //% for q in 1..SLICES
    value += parts[{{q - 1}}u * threads + index][{{j}}];
    //% end
    y[to] = value;
  }
  //% end
  //% end
}
