// The end of a training step: cross_entropy.ts, and clipping and AdamW in adamw.ts.
import { assert, assertEquals } from "@std/assert";
import { adamw, clipNorm, normPartials } from "../../kernels/optimizer/adamw.ts";
import { crossEntropy, sumInto } from "../../kernels/loss/cross_entropy.ts";
import { assertClose, everyKind, kernelTest, numericGradient, Random } from "./harness.ts";
import * as reference from "./reference.ts";

for (const vocabulary of [4, 5, 61, 262]) {
  kernelTest(`crossEntropy() and its gradient agree with float64 for a vocabulary of ${vocabulary}`, async (bench) => {
    const labels = [0, vocabulary - 1, 3];
    const random = new Random(vocabulary);
    const logits = random.values(labels.length * vocabulary, 5);
    const stride = Math.ceil(vocabulary / 4) * 4;
    // Columns of padding hold large garbage that must not count.
    const padded = new Float64Array(labels.length * stride).fill(50);
    logits.forEach((v, i) => padded[Math.floor(i / vocabulary) * stride + i % vocabulary] = v);
    const gpu = bench.tensor([labels.length, stride], padded);
    const gpuLabels = bench.indices(labels);
    const losses = bench.output([labels.length]);
    crossEntropy(bench.stream, gpu, gpuLabels, losses, vocabulary);
    const wanted = reference.crossEntropy(logits, labels, vocabulary);
    assertClose(await bench.read(losses), wanted, 1e-5, "losses");
    assertClose(await bench.read(gpu), padded, 0, "logits without a gradient asked for");

    crossEntropy(bench.stream, gpu, gpuLabels, losses, vocabulary, 0.25);
    const gradient = numericGradient(
      (at) => reference.crossEntropy(at, labels, vocabulary),
      logits,
      new Float64Array(3).fill(0.25),
    );
    const read = await bench.read(gpu);
    gradient.forEach((v, i) =>
      assertClose([read[Math.floor(i / vocabulary) * stride + i % vocabulary]!], [v], 1e-5, "gradient")
    );
    for (let i = vocabulary; i < stride; i++) assertEquals(read[i], 0);
  }, everyKind);
}

kernelTest("sumInto() adds to what is there", async (bench) => {
  const x = new Random(6).values(103);
  const y = bench.tensor([3], [1, 2, 3]);
  sumInto(bench.stream, bench.tensor([103], x), y, 1);
  assertClose(await bench.read(y), [1, 2 + x.reduce((a, b) => a + b), 3], 1e-5);
});

/** AdamW as its paper writes it, in float64. */
function referenceAdamW(w: number[], gradients: number[][], maximum: number, rate: number, decay: number): number[] {
  const m = w.map(() => 0), v = w.map(() => 0);
  gradients.forEach((g, step) => {
    const norm = Math.sqrt(g.reduce((sum, x) => sum + x * x, 0));
    const clip = Math.min(1, maximum / (norm + 1e-6));
    w.forEach((_, i) => {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]! * clip;
      v[i] = 0.999 * v[i]! + 0.001 * (g[i]! * clip) ** 2;
      const mHat = m[i]! / (1 - 0.9 ** (step + 1)), vHat = v[i]! / (1 - 0.999 ** (step + 1));
      w[i] = w[i]! * (1 - rate * decay) - rate * mHat / (Math.sqrt(vHat) + 1e-8);
    });
  });
  return w;
}

kernelTest("clipNorm() and adamw() follow float64 over five steps and leave the gradients at zero", async (bench) => {
  const count = 1036;
  const random = new Random(11);
  const initial = random.values(count);
  const steps = Array.from({ length: 5 }, (_, i) => random.values(count, i === 3 ? 0.001 : 1));
  const zeros = new Float64Array(count);
  const state = {
    weights: bench.tensor([count], initial),
    gradients: bench.tensor([count], zeros),
    firstMoment: bench.tensor([count], zeros),
    secondMoment: bench.tensor([count], zeros),
  };
  const [partials, clip, metrics] = [bench.output([normPartials]), bench.output([4]), bench.output([8])];
  const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  for (const [i, gradient] of steps.entries()) {
    bench.device.gpu.queue.writeBuffer(state.gradients.buffer, 0, Float32Array.from(gradient));
    clipNorm(bench.stream, [state.gradients], partials, clip, metrics, i, 1);
    adamw(bench.stream, state, clip, i + 1, options);
    assertClose(await bench.read(state.gradients), zeros, 0, "gradients after the step");
  }
  const norms = steps.map((g) => Math.sqrt(g.reduce((sum, x) => sum + x * x, 0)));
  assertClose(await bench.read(metrics), norms, 1e-5, "norms");
  const wanted = referenceAdamW([...initial], steps.map((g) => [...g]), 1, 0.01, 0.1);
  assertClose(await bench.read(state.weights), wanted, 1e-5, "weights");
}, everyKind);

kernelTest("clipNorm() takes the norm of several gradients of any size together", async (bench) => {
  const random = new Random(12);
  const gradients = [4, 70_000, 260, 1028].map((count) => random.values(count));
  const [partials, clip, metrics] = [bench.output([normPartials]), bench.output([4]), bench.output([4])];
  const tensors = gradients.map((g) => bench.tensor([g.length], g));
  clipNorm(bench.stream, tensors, partials, clip, metrics, 2, 10);
  const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0));
  assertClose([(await bench.read(metrics))[2]!], [norm], 1e-5, "norm");
  assertClose([(await bench.read(clip))[0]!], [10 / norm], 1e-5, "clip");
}, everyKind);

kernelTest("adamw() changes nothing when the gradient is not finite", async (bench) => {
  const state = {
    weights: bench.tensor([4], [1, 2, 3, 4]),
    gradients: bench.tensor([4], [1, NaN, 0, 0]),
    firstMoment: bench.tensor([4], [0, 0, 0, 0]),
    secondMoment: bench.tensor([4], [0, 0, 0, 0]),
  };
  const [partials, clip, metrics] = [bench.output([normPartials]), bench.output([4]), bench.output([4])];
  clipNorm(bench.stream, [state.gradients], partials, clip, metrics, 0, 1);
  adamw(bench.stream, state, clip, 1, { learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });
  assertEquals([...await bench.read(state.weights)], [1, 2, 3, 4]);
  assert(!Number.isFinite((await bench.read(metrics))[0]));
});
