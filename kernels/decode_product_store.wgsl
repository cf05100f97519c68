// How a decode product leaves its result: as it is, added to a residual, or times silu of the gate (swiglu.wgsl).
fn store(at: u32, value: vec4f) {
  //% if INTO == "gate"
  let gate = other[at];
  y[at] = gate / (1.0 + exp(-gate)) * value;
  //% else
  y[at] = {{INTO == "residual" ? "other[at] + " : ""}}value;
  //% end
}
