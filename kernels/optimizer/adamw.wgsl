// AdamW (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) over one flat tensor; gradients are
// scaled by the clip factor and left at zero for the next step. A negative clip factor marks a gradient that is not
// finite: nothing changes then.
struct Uniforms {
  count4: u32, learningRate: f32, beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32,
  correction1: f32, rootCorrection2: f32, // 1 − beta1^t and √(1 − beta2^t)
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> secondMoment: array<vec4f>;
@group(0) @binding(5) var<storage, read> clip: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread.x + thread.y * groups.x * 64u;
  if (i >= u.count4 || clip[0] < 0.0) { return; }
  let g = gradients[i] * clip[0];
  let m = u.beta1 * firstMoment[i] + (1.0 - u.beta1) * g;
  let v = u.beta2 * secondMoment[i] + (1.0 - u.beta2) * g * g;
  let w = weights[i] * (1.0 - u.learningRate * u.weightDecay);
  weights[i] = w - u.learningRate / u.correction1 * m / (sqrt(v) / u.rootCorrection2 + u.epsilon);
  firstMoment[i] = m;
  secondMoment[i] = v;
  gradients[i] = vec4f();
}
