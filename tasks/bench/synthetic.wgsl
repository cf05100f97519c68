// Fills a buffer with a hash of the place: as words, which are then any bits (packed integers), or as float32 uniform in
// ±bound. The hash is MurmurHash3's finaliser.
struct Uniforms { count: u32, seed: u32, bound: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
//% if FLOATS
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
//% else
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
//% end

fn mixed(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.y * groups.x * 64u + thread.x;
  if (i >= u.count) {
    return;
  }
  let bits = mixed(i ^ mixed(u.seed));
  //% if FLOATS
  y[i] = (f32(bits >> 8u) / 8388608.0 - 1.0) * u.bound;
  //% else
  y[i] = bits;
  //% end
}
