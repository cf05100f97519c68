// y (T, N) += scale · h (T, R) · b (R, N), ∘ dropout where b is A and y the gradient of A's input.
struct Uniforms { rows: u32, width4: u32, rank4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> h: array<vec4f>;        // (T, R)
@group(0) @binding(2) var<storage, read> b: array<vec4f>;        // (R, N)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (T, N)

@compute @workgroup_size({{LANES}}, 1)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let column = thread.x;
  if (column >= u.width4) { return; }
  let firstRow = thread.y * {{TILE}}u;
  //% for i in 0..TILE
  let row{{i}} = min(firstRow + {{i}}u, u.rows - 1u);
  var sum{{i}} = vec4f();
  //% end
  for (var r = 0u; r < u.rank4; r++) {
    //% for c in 0..4
    let b{{c}} = b[(r * 4u + {{c}}u) * u.width4 + column];
    //% end
    //% for i in 0..TILE
    let h{{i}} = h[row{{i}} * u.rank4 + r];
    sum{{i}} += h{{i}}.x * b0 + h{{i}}.y * b1 + h{{i}}.z * b2 + h{{i}}.w * b3;
    //% end
  }
  //% for i in 0..TILE
  if (firstRow + {{i}}u < u.rows) {
    let at = row{{i}} * u.width4 + column;
    y[at] += sum{{i}} * u.scale{{DROPOUT ? " * dropoutFactors(at)" : ""}};
  }
  //% end
}
