// As lora_reduce.wgsl, for graphics cards: {{SLICES}} threads share a row, each every {{SLICES}}th column, and tell each other {{RANKS}} sums at a
// time through workgroup memory, in one round. Nothing depends on subgroups.
struct Uniforms { rows: u32, width4: u32, scale: f32, seed: u32, step: u32, adapter: u32, threshold: u32, keepScale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // (T, K)
@group(0) @binding(2) var<storage, read> a: array<vec4f>;       // (R, K)
@group(0) @binding(3) var<storage, read_write> h: array<f32>;   // (T, R)

var<workgroup> told: array<array<f32, {{SLICES + 1}}>, {{TILE * RANKS}}>;

@compute @workgroup_size({{TILE * SLICES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) index: u32) {
  let row0 = (group.x + group.y * groups.x) * {{TILE}}u;
  if (row0 >= u.rows) { return; }
  let slice = index % {{SLICES}}u;
  let own = index / {{SLICES}}u;
  let base = min(row0 + own, u.rows - 1u) * u.width4;
  for (var r0 = 0u; r0 < {{RANK}}u; r0 += {{RANKS}}u) {
    //% for r in 0..RANKS
    var sum{{r}} = 0.0;
    //% end
    for (var c = slice; c < u.width4; c += {{SLICES}}u) {
      let v = x[base + c]{{DROPOUT ? " * dropoutFactors(base + c)" : ""}};
      //% for r in 0..RANKS
      sum{{r}} += dot(v, a[(r0 + {{r}}u) * u.width4 + c]);
      //% end
    }
    workgroupBarrier(); // the turn before may still be reading
    //% for r in 0..RANKS
    told[own * {{RANKS}}u + {{r}}u][slice] = sum{{r}};
    //% end
    workgroupBarrier();
    if (index < {{TILE * RANKS}}u && row0 + index / {{RANKS}}u < u.rows) {
      var total = 0.0;
      //% for n in 0..SLICES
      total += told[index][{{n}}];
      //% end
      h[(row0 + index / {{RANKS}}u) * {{RANK}}u + r0 + index % {{RANKS}}u] = total * u.scale;
    }
  }
}
