// Every kernel of a training, with the widths of real models.
import { attention, attentionBackward, cachedAttention } from "../../../kernels/attention/attention.ts";
import { rope } from "../../../kernels/attention/rope.ts";
import { addBias, biasGradient } from "../../../kernels/layer/bias.ts";
import { embed, embedGradient } from "../../../kernels/layer/embed.ts";
import { normGradientRows, rmsNorm, rmsNormBackward, rmsNormWeightGradient } from "../../../kernels/layer/rms_norm.ts";
import { fill, gatherRows, scatterRows } from "../../../kernels/layer/rows.ts";
import { swiglu, swigluBackward } from "../../../kernels/layer/swiglu.ts";
import { type Dropout, loraExpand, loraOuter, loraReduce } from "../../../kernels/lora/lora.ts";
import { crossEntropy, sumInto } from "../../../kernels/loss/cross_entropy.ts";
import { labelRank } from "../../../kernels/loss/label_rank.ts";
import { adamw, clipNorm, normPartials } from "../../../kernels/optimizer/adamw.ts";
import type { Launch, LaunchBench } from "./launch.ts";

/** Tokens of a micro-batch, and LLaMA-7B's widths. */
const [tokens, hidden, heads, vocabulary] = [256, 4096, 4, 32000];
/** Sizes of heads: Qwen's small models and TinyLlama, and most others. */
const headSizes = [64, 128];

function attentionLaunches(size: number): Launch[] {
  const variant = `heads of ${size}`;
  const cached = (bits: 16 | 32): Launch => ({
    variant: `${variant}, cache of ${bits} bits`,
    run({ stream, tensor, indices, cached }) {
      const keys = () => cached([heads, 2 * tokens, size], bits);
      const [q, y] = [tensor([tokens, heads, size]), tensor([tokens, heads, size])];
      const input = { q, k: keys(), v: keys(), starts: indices([tokens]) };
      cachedAttention(stream, input, y, tensor([tokens, heads, 2]), tokens);
    },
  });
  return [
    {
      variant,
      run({ stream, tensor, indices }) {
        const each = () => tensor([tokens, heads, size]);
        const input = { q: each(), k: each(), v: each(), starts: indices([tokens]) };
        const [y, stats] = [each(), tensor([tokens, heads, 2])];
        attention(stream, input, y, stats);
        attentionBackward(stream, input, { y, stats, dy: each() }, { dq: each(), dk: each(), dv: each() });
        rope(stream, each(), indices([tokens]), tensor([tokens, 2, size / 2]), 1);
      },
    },
    cached(16),
    cached(32),
  ];
}

function loraLaunch(rank: number, rows: number, dropout?: Dropout): Launch {
  return {
    variant: `rank ${rank}, ${rows} rows${dropout ? ", dropout" : ""}`,
    run({ stream, tensor }) {
      const [x, h, a] = [tensor([rows, hidden]), tensor([rows, rank]), tensor([rank, hidden])];
      loraReduce(stream, x, a, h, 1, dropout);
      loraExpand(stream, h, a, x, 1, dropout);
      loraOuter(stream, h, x, a, 1, dropout);
    },
  };
}

/** Of a whole row of a network, or of a head, as Qwen3 has them. */
function normLaunch(width: number): Launch {
  return {
    variant: `width ${width}`,
    run({ stream, tensor }) {
      const each = () => tensor([tokens, width]);
      const [x, y, weight] = [each(), each(), tensor([width])];
      rmsNorm(stream, x, weight, y, 1e-6);
      rmsNormBackward(stream, x, weight, y, each(), 1e-6, false);
      rmsNormWeightGradient(stream, x, y, tensor([normGradientRows, width]), tensor([width]), 1e-6);
    },
  };
}

const addedNorm: Launch = {
  variant: `width ${hidden}, added`,
  run({ stream, tensor }) {
    const each = () => tensor([tokens, hidden]);
    rmsNormBackward(stream, each(), tensor([hidden]), each(), each(), 1e-6, true);
  },
};

function lossLaunches(): Launch[] {
  const logits = ({ tensor }: LaunchBench) => tensor([128, vocabulary]);
  return [
    {
      variant: "with its gradient",
      run(bench) {
        const { stream, tensor, indices } = bench;
        crossEntropy(stream, logits(bench), indices([128]), tensor([128]), vocabulary, 1);
      },
    },
    {
      variant: "",
      run(bench) {
        const { stream, tensor, indices } = bench;
        crossEntropy(stream, logits(bench), indices([128]), tensor([128]), vocabulary);
        labelRank(stream, logits(bench), indices([128]), tensor([128]), vocabulary);
        sumInto(stream, tensor([128]), tensor([4]), 0);
      },
    },
  ];
}

const elementwise: Launch = {
  variant: "",
  run({ stream, tensor, indices, weight }) {
    const each = () => tensor([tokens, hidden]);
    swiglu(stream, each(), each(), each());
    swigluBackward(stream, each(), each(), each());
    addBias(stream, tensor([hidden]), each());
    biasGradient(stream, each(), tensor([hidden]));
    gatherRows(stream, each(), indices([tokens]), each());
    scatterRows(stream, each(), indices([tokens]), each());
    fill(stream, each(), 0);
    const byId = { ids: indices([tokens]), begins: indices([tokens + 1]), order: indices([tokens]) };
    embedGradient(stream, byId, each(), weight(vocabulary, hidden, 32));
  },
};

const optimizer: Launch = {
  variant: "",
  run({ stream, tensor }) {
    const each = () => tensor([1 << 20]);
    const [clip, gradients] = [tensor([4]), each()];
    clipNorm(stream, [gradients], tensor([normPartials]), clip, tensor([4]), 1, 1);
    const options = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
    adamw(stream, { weights: each(), gradients, firstMoment: each(), secondMoment: each() }, clip, 1, options);
  },
};

const embeddings = ([8, 4, 32] as const).map((bits): Launch => ({
  variant: `${bits} bits`,
  run: ({ stream, tensor, indices, weight }) =>
    embed(stream, indices([tokens]), weight(vocabulary, hidden, bits), tensor([tokens, hidden])),
}));

const dropout: Dropout = { probability: 0.05, seed: 1, step: 1, module: 1 };

/** All but the products, which product_launches.ts has. */
export const trainingLaunches: readonly Launch[] = [
  ...headSizes.flatMap(attentionLaunches),
  loraLaunch(8, tokens, dropout),
  loraLaunch(8, tokens),
  loraLaunch(64, tokens, dropout),
  loraLaunch(8, 8),
  normLaunch(hidden),
  normLaunch(128),
  addedNorm,
  ...lossLaunches(),
  elementwise,
  ...embeddings,
  optimizer,
];
