// Checks of what is left of a training step: norms, the loss with its gradient, clipping and AdamW.
import { adamw, clipNorm, normPartials } from "../optimizer/adamw.ts";
import { crossEntropy } from "../loss/cross_entropy.ts";
import { rmsNorm, rmsNormBackward } from "../layer/rms_norm.ts";
import { type CheckBench, type CheckCase, sum, table } from "./self_check_bench.ts";
import { values } from "../gpu/made_values.ts";
import { swiglu, swigluBackward } from "../layer/swiglu.ts";

function normCases(bench: CheckBench): CheckCase[] {
  const [rows, width, epsilon] = [3, 20, 1e-5];
  const [x, w, dOut] = [values(rows * width, 7), values(width, 8), values(rows * width, 9)];
  const [input, weight] = [bench.tensor([rows, width], x), bench.tensor([width], w)];
  const [y, dx] = [bench.tensor([rows, width]), bench.tensor([rows, width])];
  rmsNorm(bench.stream, input, weight, y, epsilon);
  rmsNormBackward(bench.stream, input, weight, bench.tensor([rows, width], dOut), dx, epsilon, false);
  const inverse = (row: number) => 1 / Math.sqrt(sum(width, (i) => x[row * width + i]! ** 2) / width + epsilon);
  const along = (row: number) => sum(width, (i) => dOut[row * width + i]! * w[i]! * x[row * width + i]!);
  return [
    { name: "rms norm", tensor: y, wanted: table(rows, width, (r, i) => x[r * width + i]! * inverse(r) * w[i]!) },
    {
      name: "rms norm, gradient",
      tensor: dx,
      wanted: table(rows, width, (r, i) => {
        const at = r * width + i;
        return inverse(r) * (dOut[at]! * w[i]! - x[at]! * inverse(r) ** 2 * along(r) / width);
      }),
    },
  ];
}

function gateCases(bench: CheckBench): CheckCase[] {
  const shape = [3, 20];
  const [g, u, d] = [values(60, 30), values(60, 31), values(60, 32)];
  const [gate, up, y] = [bench.tensor(shape, g), bench.tensor(shape, u), bench.tensor(shape)];
  const [dGate, dUp] = [bench.tensor(shape, g), bench.tensor(shape, u)]; // replaced by their gradients
  swiglu(bench.stream, gate, up, y);
  swigluBackward(bench.stream, bench.tensor(shape, d), dGate, dUp);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const wanted = (value: (g: number, u: number, d: number) => number) =>
    Float64Array.from(g, (_, i) => value(g[i]!, u[i]!, d[i]!));
  return [
    { name: "swiglu", tensor: y, wanted: wanted((g, u) => g * sigmoid(g) * u) },
    {
      name: "swiglu, gradient of the gate",
      tensor: dGate,
      wanted: wanted((g, u, d) => d * u * sigmoid(g) * (1 + g * (1 - sigmoid(g)))),
    },
    { name: "swiglu, gradient of the rest", tensor: dUp, wanted: wanted((g, _, d) => d * g * sigmoid(g)) },
  ];
}

function lossCases(bench: CheckBench): CheckCase[] {
  const [rows, width, vocabulary, scale] = [2, 64, 61, 0.25];
  const [x, labels] = [values(rows * width, 9), [60, 3]];
  const [logits, losses] = [bench.tensor([rows, width], x), bench.tensor([rows])];
  crossEntropy(bench.stream, logits, bench.indices(labels), losses, vocabulary, scale);
  const total = (row: number) => sum(vocabulary, (i) => Math.exp(x[row * width + i]!));
  return [
    {
      name: "cross entropy",
      tensor: losses,
      wanted: labels.map((label, row) => Math.log(total(row)) - x[row * width + label]!),
    },
    {
      name: "cross entropy, gradient",
      tensor: logits,
      wanted: table(rows, width, (row, i) => {
        if (i >= vocabulary) return 0;
        return scale * (Math.exp(x[row * width + i]!) / total(row) - (i === labels[row] ? 1 : 0));
      }),
    },
  ];
}

function optimizerCases(bench: CheckBench): CheckCase[] {
  const [count, step, maximum] = [68, 3, 0.5];
  const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  const [w, g, m1] = [values(count, 40), values(count, 41), values(count, 42)];
  const m2 = values(count, 43).map(Math.abs);
  const tensor = (data: Float32Array) => bench.tensor([count], data);
  const state = { weights: tensor(w), gradients: tensor(g), firstMoment: tensor(m1), secondMoment: tensor(m2) };
  const [clip, metrics] = [bench.tensor([4]), bench.tensor([4])];
  clipNorm(bench.stream, [state.gradients], bench.tensor([normPartials]), clip, metrics, 1, maximum);
  adamw(bench.stream, state, clip, step, options);
  const norm = Math.sqrt(sum(count, (i) => g[i]! ** 2));
  const clipped = (i: number) => g[i]! * Math.min(1, maximum / norm);
  const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
  const first = (i: number) => beta1 * m1[i]! + (1 - beta1) * clipped(i);
  const squared = (i: number) => beta2 * m2[i]! + (1 - beta2) * clipped(i) ** 2;
  const list = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
  return [
    { name: "norm of the gradients", tensor: metrics, wanted: [0, norm, 0, 0] },
    {
      name: "AdamW",
      tensor: state.weights,
      wanted: list((i) =>
        w[i]! * (1 - learningRate * weightDecay) -
        learningRate * first(i) / (1 - beta1 ** step) / (Math.sqrt(squared(i) / (1 - beta2 ** step)) + epsilon)
      ),
    },
    { name: "AdamW, first moments", tensor: state.firstMoment, wanted: list(first) },
    { name: "AdamW, second moments", tensor: state.secondMoment, wanted: list(squared) },
  ];
}

/** Runs norms, gates, loss and optimizer and gives what they computed and should have. */
export function trainingCases(bench: CheckBench): CheckCase[] {
  return [...normCases(bench), ...gateCases(bench), ...lossCases(bench), ...optimizerCases(bench)];
}
