// y (B, N) = x (B, K) · Wᵀ for the few rows of a decode step: each block of W is loaded once for ROWS rows.
// The LANES threads of a workgroup are one subgroup. Each owns COLUMNS columns of blocks; together they load the x of
// STEPS blocks along the sum and hand them round. Sums are added in the order of K, as by the products of many rows.
@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * {{ROWS}}u;
  let lastRow = u.rows - 1u;
  //% for j in 0..COLUMNS
  let own{{j}} = (group.x * {{COLUMNS}}u + {{j}}u) * {{LANES}}u + lane;
  // Columns beyond the end are computed from the last one and never stored.
  let column{{j}} = min(own{{j}}, u.outer4 - 1u);
  //% end
  let start = min(row0 + lane % {{ROWS}}u, lastRow) * u.columns4;
  let ahead = lane / {{ROWS}}u;
  //% for i in 0..ROWS
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  for (var p = 0u; p < u.columns4; p += {{STEPS}}u) {
    // Beyond the end of the sum x counts as zero.
    let mine = select(vec4f(), x[start + min(p + ahead, u.columns4 - 1u)], p + ahead < u.columns4);
    //% for s in 0..STEPS
    //% for j in 0..COLUMNS
    //% if BITS == 4
    //% if s % 2 === 0
    let pair{{s}}_{{j}} = loadPair(column{{j}}, min(p / 2u + {{s / 2}}u, (u.columns4 - 1u) / 2u));
    let block{{s}}_{{j}} = transpose(pair{{s}}_{{j}}.left);
    let block{{s + 1}}_{{j}} = transpose(pair{{s}}_{{j}}.right);
    //% end
    //% else
    let block{{s}}_{{j}} = transpose(loadBlock(column{{j}}, min(p + {{s}}u, u.columns4 - 1u)));
    //% end
    //% end
    //% for i in 0..ROWS
    let a{{s}}_{{i}} = subgroupShuffle(mine, {{s * ROWS + i}}u);
    //% for j in 0..COLUMNS
    //% for t in 0..4
    sum{{i}}_{{j}} = fma(vec4f(a{{s}}_{{i}}.{{"xyzw"[t]}}), block{{s}}_{{j}}[{{t}}], sum{{i}}_{{j}});
    //% end
    //% end
    //% end
    //% end
  }
  //% for j in 0..COLUMNS
  if (own{{j}} < u.outer4) {
    let scale = {{BITS == 32 ? "1.0" : `scales[column${j}]`}};
    //% for i in 0..ROWS
    if (row0 + {{i}}u <= lastRow) {
      let to = (row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}};
      store(to, sum{{i}}_{{j}} * scale);
    }
    //% end
  }
  //% end
}
