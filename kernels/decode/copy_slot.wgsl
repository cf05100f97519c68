// The first tokens of a slot of keys and values become those of another. A thread copies four words of both.
struct Uniforms { sourceSlot: u32, slot: u32, keyHeads: u32, run4: u32, head4: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read_write> keys: array<vec4u>;   // (slots, G, P, D), of any type
@group(0) @binding(2) var<storage, read_write> values: array<vec4u>; // (slots, G, P, D)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  let head = i / u.run4;
  if (head >= u.keyHeads) { return; }
  let source = (u.sourceSlot * u.keyHeads + head) * u.head4 + i % u.run4;
  let own = (u.slot * u.keyHeads + head) * u.head4 + i % u.run4;
  keys[own] = keys[source];
  values[own] = values[source];
}
