import { labelRank } from "../../../kernels/loss/label_rank.ts";
import { assertClose, everyKind, kernelTest, Random } from "../harness.ts";

for (const vocabulary of [4, 5, 61, 262]) {
  kernelTest(`labelRank() counts the likelier columns, equal ones by their number, of ${vocabulary}`, async (bench) => {
    const labels = [0, vocabulary - 1, 3, 2];
    // Few values, so that many are equal; columns of padding hold more than all others.
    const random = new Random(vocabulary);
    const stride = Math.ceil(vocabulary / 4) * 4;
    const logits = Float64Array.from(
      { length: labels.length * stride },
      (_, i) => i % stride < vocabulary ? random.below(5) - 2 : 50,
    );
    const ranks = bench.output([labels.length]);
    labelRank(bench.stream, bench.tensor([labels.length, stride], logits), bench.indices(labels), ranks, vocabulary);
    const wanted = labels.map((label, row) => {
      const values = [...logits.subarray(row * stride, row * stride + vocabulary)];
      const own = values[label]!;
      return values.filter((value, i) => value > own || value === own && i < label).length;
    });
    assertClose(await bench.read(ranks), wanted, 0);
  }, everyKind);
}
