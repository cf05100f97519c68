// Counter-based dropout: whether an element is kept is a hash of (seed, step, module, element), so nothing is stored, the
// backward pass finds the same mask, and a continued run needs no generator state. The hash is pcg4d (Jarzynski and
// Olano 2020, "Hash Functions for GPU Rendering", https://jcgt.org/published/0009/03/02/).
fn hash4(seed: vec4u) -> vec4u {
  var h = seed * 1664525u + 1013904223u;
  h.x += h.y * h.w;
  h.y += h.z * h.x;
  h.z += h.x * h.y;
  h.w += h.y * h.z;
  h ^= h >> vec4u(16u);
  h.x += h.y * h.w;
  h.y += h.z * h.x;
  h.z += h.x * h.y;
  h.w += h.y * h.z;
  return h;
}
// The factors of four neighbouring elements: 0, or 1 / (1 − probability).
fn dropoutFactors(element4: u32) -> vec4f {
  let h = hash4(vec4u(u.seed, u.step, u.adapter, element4));
  return select(vec4f(), vec4f(u.keepScale), h >= vec4u(u.threshold));
}
