// What the decode products bind, and how they leave a result: as it is, added to a residual, or times silu of the gate
// (swiglu.wgsl).
struct Uniforms { rows: u32, columns4: u32, outer4: u32, yStride4: u32, yFirst4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // (B, K)
@group(0) @binding(2) var<storage, read> blocks: array<{{BITS == 32 ? "vec4f" : "vec4u"}}>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // (B, N)
//% if INTO != "set"
@group(0) @binding(4) var<storage, read> other: array<vec4f>;    // (B, N)
//% end
//% if BITS != 32
@group(0) @binding({{INTO == "set" ? 4 : 5}}) var<storage, read> scales: array<vec4f>;   // (N / 4)
//% end
//% if BITS == 4
@group(0) @binding({{INTO == "set" ? 5 : 6}}) var<storage, read> factors: array<u32>;    // (N / 4, K / 16)
//% end

fn store(at: u32, value: vec4f) {
  //% if INTO == "gate"
  let gate = other[at];
  y[at] = gate / (1.0 + exp(-gate)) * value;
  //% else
  y[at] = {{INTO == "residual" ? "other[at] + " : ""}}value;
  //% end
}
