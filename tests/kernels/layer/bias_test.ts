import { addBias, biasGradient } from "../../../kernels/layer/bias.ts";
import { assertClose, kernelTest, numericGradient, Random } from "../harness.ts";

const added = (bias: Float64Array, x: Float64Array) => x.map((value, i) => value + bias[i % bias.length]!);

for (const [rows, width] of [[1, 4], [3, 20], [70, 68]] as const) {
  kernelTest(`addBias() and the bias's gradient agree with float64 at ${rows} × ${width}`, async (bench) => {
    const random = new Random(rows + width);
    const bias = random.values(width), x = random.values(rows * width), dy = random.values(rows * width);
    const before = random.values(width);
    const y = bench.tensor([rows, width], x);
    addBias(bench.stream, bench.tensor([width], bias), y);
    assertClose(await bench.read(y), added(bias, x), 1e-6);

    const wanted = numericGradient((at) => added(at, x), bias, dy).map((value, i) => value + before[i]!);
    const gradient = bench.tensor([width], before);
    biasGradient(bench.stream, bench.tensor([rows, width], dy), gradient);
    assertClose(await bench.read(gradient), wanted, 1e-5, "gradient");
  });
}
