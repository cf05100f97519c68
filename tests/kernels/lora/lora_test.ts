import { assert, assertEquals } from "@std/assert";
import { type Dropout, loraExpand, loraOuter, loraReduce } from "../../../kernels/lora/lora.ts";
import { assertClose, everyKind, kernelTest, Random } from "../harness.ts";
import { matmul, transpose } from "../reference.ts";

for (
  const [rows, width, rank] of [[1, 4, 4], [7, 20, 8], [21, 132, 12], [6, 68, 20], [71, 36, 8], [67, 20, 36], [
    75,
    40,
    8,
  ]] as const
) {
  kernelTest(`LoRA's three products agree with float64 at ${rows} × ${width}, rank ${rank}`, async (bench) => {
    const random = new Random(rows + width);
    const x = random.values(rows * width), a = random.values(rank * width), h = random.values(rows * rank);
    const before = random.values(rows * width), gradient = random.values(rank * width);
    const [gpuX, gpuA, gpuH] = [
      bench.tensor([rows, width], x),
      bench.tensor([rank, width], a),
      bench.tensor([rows, rank], h),
    ];

    const reduced = bench.output([rows, rank]);
    loraReduce(bench.stream, gpuX, gpuA, reduced, 0.5);
    assertClose(await bench.read(reduced), matmul(x, a, rows, rank, width).map((v) => v * 0.5), 1e-5, "reduce");

    const y = bench.tensor([rows, width], before);
    loraExpand(bench.stream, gpuH, gpuA, y, 2);
    const expanded = matmul(h, transpose(a, rank, width), rows, width, rank);
    assertClose(await bench.read(y), expanded.map((v, i) => v * 2 + before[i]!), 1e-5, "expand");

    const g = bench.tensor([rank, width], gradient);
    loraOuter(bench.stream, gpuH, gpuX, g, 3);
    const outer = matmul(transpose(h, rows, rank), transpose(x, rows, width), rank, width, rows);
    assertClose(await bench.read(g), outer.map((v, i) => v * 3 + gradient[i]!), 1e-5, "outer");
  }, everyKind);
}

kernelTest("dropout keeps the stated share, scales it, and is the same mask in all three products", async (bench) => {
  const [rows, width] = [69, 64]; // enough rows for each variant of the products
  const dropout: Dropout = { probability: 0.25, seed: 7, step: 3, module: 2 };
  const ones = bench.tensor([rows, width], new Float64Array(rows * width).fill(1));
  // With h = 1 and b = 1 in one rank of four, expand writes the mask itself.
  const h = bench.tensor([rows, 4], Float64Array.from({ length: rows * 4 }, (_, i) => i % 4 ? 0 : 1));
  const b = bench.tensor([4, width], Float64Array.from({ length: 4 * width }, (_, i) => i < width ? 1 : 0));
  const maskTensor = bench.tensor([rows, width], new Float64Array(rows * width));
  loraExpand(bench.stream, h, b, maskTensor, 1, dropout);
  const mask = Float64Array.from(await bench.read(maskTensor));
  const kept = mask.filter((v) => v !== 0);
  assert(kept.every((v) => Math.abs(v - 1 / 0.75) < 1e-6));
  assert(Math.abs(kept.length / mask.length - 0.75) < 0.03, `kept ${kept.length} of ${mask.length}`);

  const reduced = bench.output([rows, 4]);
  loraReduce(bench.stream, ones, b, reduced, 1, dropout);
  const sums = await bench.read(reduced);
  for (let t = 0; t < rows; t++) {
    assertClose(
      [sums[t * 4]!],
      [mask.subarray(t * width, (t + 1) * width).reduce((x, y) => x + y)],
      1e-5,
      "row of reduce",
    );
  }
  const g = bench.tensor([4, width], new Float64Array(4 * width));
  loraOuter(bench.stream, h, ones, g, 1, dropout);
  const columns = await bench.read(g);
  for (let c = 0; c < width; c++) {
    assertClose(
      [columns[c]!],
      [Array.from({ length: rows }, (_, t) => mask[t * width + c]!).reduce((x, y) => x + y)],
      1e-5,
    );
  }
}, everyKind);

kernelTest("dropout masks differ between seeds, micro-batches and modules", async (bench) => {
  const base: Dropout = { probability: 0.5, seed: 1, step: 1, module: 1 };
  const masks: string[] = [];
  for (const dropout of [base, { ...base, seed: 2 }, { ...base, step: 2 }, { ...base, module: 2 }, base]) {
    const h = bench.tensor([8, 4], Float64Array.from({ length: 32 }, (_, i) => i % 4 ? 0 : 1));
    const b = bench.tensor([4, 16], new Float64Array(64).fill(1));
    const y = bench.tensor([8, 16], new Float64Array(128));
    loraExpand(bench.stream, h, b, y, 1, dropout);
    masks.push((await bench.read(y)).join());
  }
  assertEquals(new Set(masks.slice(0, 4)).size, 4);
  assertEquals(masks[4], masks[0]);
});
