// y (T, N) += scale · h (T, R) · b (R, N), ∘ dropout where b is A and y the gradient of A's input. A thread computes four
// columns of TILE rows. With SHUFFLE each lane loads the h of one row and hands it round.
struct Uniforms { rows: u32, width4: u32, rank4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> h: array<vec4f>;        // (T, R)
@group(0) @binding(2) var<storage, read> b: array<vec4f>;        // (R, N)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (T, N)

@compute @workgroup_size({{LANES}}, 1)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = min(thread.x, u.width4 - 1u);
  let firstRow = thread.y * {{TILE}}u;
  let lastRow = u.rows - 1u;
  //% for i in 0..TILE
  var sum{{i}} = vec4f();
  //% end
  for (var r = 0u; r < u.rank4; r++) {
    //% for c in 0..4
    let b{{c}} = b[(r * 4u + {{c}}u) * u.width4 + column];
    //% end
    //% if SHUFFLE
    //% for q in 0..Math.ceil(TILE / LANES)
    let mine{{q}} = h[min(firstRow + {{q * LANES}}u + lane, lastRow) * u.rank4 + r];
    //% end
    //% end
    //% for i in 0..TILE
    let h{{i}} = {{SHUFFLE ? `subgroupShuffle(mine${Math.floor(i / LANES)}, ${i % LANES}u)` : `h[min(firstRow + ${i}u, lastRow) * u.rank4 + r]`}};
    sum{{i}} += h{{i}}.x * b0 + h{{i}}.y * b1 + h{{i}}.z * b2 + h{{i}}.w * b3;
    //% end
  }
  if (thread.x < u.width4) {
    //% for i in 0..TILE
    if (firstRow + {{i}}u <= lastRow) {
      let at = (firstRow + {{i}}u) * u.width4 + column;
      y[at] += sum{{i}} * u.scale{{DROPOUT ? " * dropoutFactors(at)" : ""}};
    }
    //% end
  }
}
