// Activations as bytes: each {{GROUP}} values of a row share a scale, max |x| / 127, and become x / scale, rounded to a whole
// number, half-way ones to the even. Columns are padded to whole groups with zeros. A thread for each group.
struct Uniforms { columns4: u32, groups: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;             // (T, K / 4)
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;     // (T, groups, {{GROUP}} / 4)
@group(0) @binding(3) var<storage, read_write> steps: array<f32>;     // (T, groups): the scales

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= u.groups) { return; }
  let first = id.x * {{GROUP / 4}}u;
  let row = id.y * u.columns4;
  var most = 0.0;
  var broken = 0u; // bits of a value that is no number or infinite
  for (var i = 0u; i < min({{GROUP / 4}}u, u.columns4 - first); i++) {
    let value = x[row + first + i];
    let size = abs(value);
    most = max(most, max(max(size.x, size.y), max(size.z, size.w)));
    for (var c = 0u; c < 4u; c++) {
      let bits = bitcast<u32>(value[c]);
      broken |= select(0u, bits, (bits & 0x7f800000u) == 0x7f800000u);
    }
  }
  let at = id.y * u.groups + id.x;
  let whole = select(0.0, 127.0 / most, most > 0.0);
  for (var i = 0u; i < {{GROUP / 4}}u; i++) {
    let value = select(vec4f(), x[row + min(first + i, u.columns4 - 1u)], first + i < u.columns4);
    codes[at * {{GROUP / 4}}u + i] = pack4xI8(vec4i(clamp(round(value * whole), vec4f(-127.0), vec4f(127.0))));
  }
  // What is no number must not become one.
  steps[at] = select(most / 127.0, bitcast<f32>(broken | 0x7fc00000u), broken != 0u);
}
