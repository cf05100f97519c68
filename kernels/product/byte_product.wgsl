// y (T, N) = x (T, K) · Wᵀ where x are bytes (quantize_rows.wgsl) and W has 8 bits (weight_block.wgsl): four multiply-adds are one
// instruction on most graphics cards. Sums of a group of {{GROUP}} columns are whole numbers and exact; they are scaled and added up in the
// order of the groups. A workgroup computes (ROWS · GROUP_ROWS) rows × (4 · COLUMNS · LANES) columns, a group of columns at a time.
struct Uniforms {
  rows: u32, groups: u32, outer4: u32, columns4: u32, yStride4: u32, yFirst4: u32, firstGroup: u32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> codes: array<vec4u>;    // (T, groups, {{GROUP}} / 16)
@group(0) @binding(2) var<storage, read> steps: array<f32>;      // (T, groups)
@group(0) @binding(3) var<storage, read> blocks: array<vec4u>;   // (N / 4, K / 4): a word for each of four rows
@group(0) @binding(4) var<storage, read> scales: array<vec4f>;   // (N / 4)
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;
//% if RESIDUAL
@group(0) @binding(6) var<storage, read> residual: array<vec4f>; // the shape of y
//% end

const tileRows = {{ROWS * GROUP_ROWS}}u;
const tileColumns = {{COLUMNS * LANES}}u;
const threads = {{LANES * GROUP_ROWS}}u;
const words4 = {{GROUP / 16}}u; // of a group of a row of x: vectors of four words

// x of the tile: [row][vector]; W: [word][block of four columns]. Two more let neighbours meet different banks.
var<workgroup> xs: array<array<vec4u, words4>, tileRows>;
var<workgroup> ws: array<array<vec4u, tileColumns + 2u>, {{GROUP / 4}}>;

@compute @workgroup_size({{LANES}}, {{GROUP_ROWS}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) index: u32) {
  let firstRow = (u.firstGroup + group.y) * tileRows;
  let firstColumn = group.x * tileColumns;
  let row0 = firstRow + local.y * {{ROWS}}u;
  //% for i in 0..ROWS
  let step{{i}} = min(row0 + {{i}}u, u.rows - 1u) * u.groups;
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  // The bound is a uniform and no thread leaves early: every thread meets every barrier.
  for (var g = 0u; g < u.groups; g++) {
    workgroupBarrier();
    //% for n in 0..X_SHARE
    {
      let at = index + {{n}}u * threads;
      xs[at / words4][at % words4] = codes[(min(firstRow + at / words4, u.rows - 1u) * u.groups + g) * words4 + at % words4];
    }
    //% end
    //% for n in 0..W_SHARE
    {
      // Blocks beyond the end of a row meet zeros of x.
      let at = index + {{n}}u * threads;
      let column = min(firstColumn + at / {{GROUP / 4}}u, u.outer4 - 1u);
      let word = min(g * {{GROUP / 4}}u + at % {{GROUP / 4}}u, u.columns4 - 1u);
      ws[at % {{GROUP / 4}}u][at / {{GROUP / 4}}u] = blocks[column * u.columns4 + word];
    }
    //% end
    workgroupBarrier();
    //% for i in 0..ROWS
    //% for j in 0..COLUMNS
    var whole{{i}}_{{j}} = vec4i();
    //% end
    //% end
    {{ROLLED ? "for (var d = 0u; d < words4; d++)" : ""}}
    //% for d in 0..ROLLED ? 1 : GROUP / 16
    {
      //% for i in 0..ROWS
      let a{{i}} = xs[local.y * {{ROWS}}u + {{i}}u][{{ROLLED ? "d" : `${d}u`}}];
      //% end
      //% for t in 0..4
      //% for j in 0..COLUMNS
      let w{{t}}_{{j}} = ws[{{ROLLED ? "d" : `${d}u`}} * 4u + {{t}}u][local.x + {{j * LANES}}u];
      //% for i in 0..ROWS
      whole{{i}}_{{j}} += vec4i(
        dot4I8Packed(a{{i}}[{{t}}], w{{t}}_{{j}}.x), dot4I8Packed(a{{i}}[{{t}}], w{{t}}_{{j}}.y),
        dot4I8Packed(a{{i}}[{{t}}], w{{t}}_{{j}}.z), dot4I8Packed(a{{i}}[{{t}}], w{{t}}_{{j}}.w),
      );
      //% end
      //% end
      //% end
    }
    //% end
    //% for i in 0..ROWS
    let scale{{i}} = vec4f(steps[step{{i}} + g]);
    //% for j in 0..COLUMNS
    sum{{i}}_{{j}} = fma(vec4f(whole{{i}}_{{j}}), scale{{i}}, sum{{i}}_{{j}});
    //% end
    //% end
  }
  //% for j in 0..COLUMNS
  let column{{j}} = firstColumn + local.x + {{j * LANES}}u;
  if (column{{j}} < u.outer4) {
    let scale = scales[column{{j}}];
    //% for i in 0..ROWS
    if (row0 + {{i}}u < u.rows) {
      let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
      y[to] = {{ADD ? "y[to] + " : RESIDUAL ? "residual[to] + " : ""}}sum{{i}}_{{j}} * scale;
    }
    //% end
  }
  //% end
}
