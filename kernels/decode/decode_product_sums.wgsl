// y (B, N) = x (B, K) · Wᵀ for the few rows of a decode step, where subgroups cannot hand values round or are too few to
// keep a graphics card busy: the LANES threads of a workgroup walk along the sums of 4·COLUMNS columns together, so that
// neighbours load neighbouring blocks. Their shares are added in a fixed order.
@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * {{ROWS}}u;
  let lastRow = u.rows - 1u;
  //% for j in 0..COLUMNS
  let column{{j}} = min(group.x * {{COLUMNS}}u + {{j}}u, u.outer4 - 1u);
  //% end
  //% for i in 0..ROWS
  let from{{i}} = min(row0 + {{i}}u, lastRow) * u.columns4;
  //% for j in 0..COLUMNS
  var sum{{i}}_{{j}} = vec4f();
  //% end
  //% end
  //% if BITS == 4
  for (var p = lane; 2u * p < u.columns4; p += {{LANES}}u) {
    let last = 2u * p + 1u >= u.columns4; // the right half of the last pair is padding
    // All loads of few rows are in flight together; of eight rows that is more than 255 registers hold.
    //% if ROWS < 8
    //% for i in 0..ROWS
    let left{{i}} = x[from{{i}} + 2u * p];
    let right{{i}} = select(x[from{{i}} + min(2u * p + 1u, u.columns4 - 1u)], vec4f(), last);
    //% end
    //% end
    //% for j in 0..COLUMNS
    let pair{{j}} = loadPair(column{{j}}, p);
    //% if ROWS < 8
    //% for i in 0..ROWS
    sum{{i}}_{{j}} += left{{i}} * pair{{j}}.left + right{{i}} * pair{{j}}.right;
    //% end
    //% end
    //% end
    //% if ROWS >= 8
    //% for i in 0..ROWS
    let left{{i}} = x[from{{i}} + 2u * p];
    let right{{i}} = select(x[from{{i}} + min(2u * p + 1u, u.columns4 - 1u)], vec4f(), last);
    //% for j in 0..COLUMNS
    sum{{i}}_{{j}} += left{{i}} * pair{{j}}.left + right{{i}} * pair{{j}}.right;
    //% end
    //% end
    //% end
  }
  //% else
  for (var p = lane; p < u.columns4; p += {{LANES}}u) {
    //% for i in 0..ROWS
    let x{{i}} = x[from{{i}} + p];
    //% end
    //% for j in 0..COLUMNS
    let block{{j}} = loadBlock(column{{j}}, p);
    //% for i in 0..ROWS
    sum{{i}}_{{j}} += x{{i}} * block{{j}};
    //% end
    //% end
  }
  //% end
  //% for i in 0..ROWS
  //% for j in 0..COLUMNS
  let total{{i}}_{{j}} = vec4f(
    rowSum(sum{{i}}_{{j}}.x, lane), rowSum(sum{{i}}_{{j}}.y, lane),
    rowSum(sum{{i}}_{{j}}.z, lane), rowSum(sum{{i}}_{{j}}.w, lane),
  );
  if (lane == 0u && row0 + {{i}}u <= lastRow && group.x * {{COLUMNS}}u + {{j}}u < u.outer4) {
    store((row0 + {{i}}u) * u.yStride4 + u.yFirst4 + column{{j}}, total{{i}}_{{j}}{{BITS == 32 ? "" : ` * scales[column${j}]`}});
  }
  //% end
  //% end
}
