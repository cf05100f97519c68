// Attention and its gradients at the head sizes that models have: each is three kernels of its own to compile.
import { attentionTest } from "../kernels/attention/attention_case.ts";

attentionTest({ lengths: [3, 6], heads: 2, keyHeads: 1, headSize: 64 });
for (const headSize of [80, 96, 256]) {
  attentionTest({ lengths: [3, 6], heads: 2, keyHeads: 1, headSize, kinds: ["graphics card"] });
}
attentionTest({ lengths: [30, 4, 35], heads: 2, keyHeads: 2, headSize: 12 });
