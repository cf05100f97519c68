// The small kernels: rms_norm.ts, swiglu.ts, rope.ts, embed.ts, rows.ts.
import { assertEquals } from "@std/assert";
import { embed } from "../../kernels/layer/embed.ts";
import { rmsNorm, rmsNormBackward } from "../../kernels/layer/rms_norm.ts";
import { rope } from "../../kernels/attention/rope.ts";
import { fill, gatherRows, scatterRows } from "../../kernels/layer/rows.ts";
import { swiglu, swigluBackward } from "../../kernels/layer/swiglu.ts";
import { weightOf } from "../../kernels/weight/weight.ts";
import { rowBytes } from "../../kernels/weight/weight_layout.ts";
import { packRows, unpackRows } from "../../kernels/weight/weight_pack.ts";
import { assertClose, everyKind, kernelTest, numericGradient, Random } from "./harness.ts";
import * as reference from "./reference.ts";

for (const [rows, width] of [[1, 4], [3, 20], [5, 68], [2, 516], [6, 128]] as const) {
  kernelTest(`rmsNorm() and its gradient agree with float64 at ${rows} × ${width}`, async (bench) => {
    const random = new Random(rows * width);
    const x = random.values(rows * width), weight = random.values(width), dy = random.values(rows * width);
    const before = random.values(rows * width);
    const epsilon = 1e-5;
    const [gpuX, gpuWeight, y] = [
      bench.tensor([rows, width], x),
      bench.tensor([width], weight),
      bench.output([rows, width]),
    ];
    rmsNorm(bench.stream, gpuX, gpuWeight, y, epsilon);
    assertClose(await bench.read(y), reference.rmsNorm(x, weight, epsilon), 1e-5, "y");

    const wanted = numericGradient((at) => reference.rmsNorm(at, weight, epsilon), x, dy);
    const gpuDy = bench.tensor([rows, width], dy);
    const dx = bench.output([rows, width]);
    rmsNormBackward(bench.stream, gpuX, gpuWeight, gpuDy, dx, epsilon, false);
    assertClose(await bench.read(dx), wanted, 2e-5, "dx");
    const added = bench.tensor([rows, width], before);
    rmsNormBackward(bench.stream, gpuX, gpuWeight, gpuDy, added, epsilon, true);
    assertClose(await bench.read(added), wanted.map((v, i) => v + before[i]!), 2e-5, "dx added");
  }, everyKind);
}

kernelTest("swiglu() and its gradient agree with float64, also far from zero", async (bench) => {
  const [rows, width] = [3, 44];
  const random = new Random(5);
  const gate = random.values(rows * width, 4), up = random.values(rows * width), dy = random.values(rows * width);
  gate[0] = 80;
  gate[1] = -80;
  const shape = [rows, width];
  const [gpuGate, gpuUp, y] = [bench.tensor(shape, gate), bench.tensor(shape, up), bench.output(shape)];
  swiglu(bench.stream, gpuGate, gpuUp, y);
  assertClose(await bench.read(y), reference.swiglu(gate, up), 1e-5, "y");
  swigluBackward(bench.stream, bench.tensor(shape, dy), gpuGate, gpuUp);
  assertClose(await bench.read(gpuGate), numericGradient((at) => reference.swiglu(at, up), gate, dy), 1e-5, "dgate");
  assertClose(await bench.read(gpuUp), numericGradient((at) => reference.swiglu(gate, at), up, dy), 1e-5, "dup");
});

for (const [heads, headSize] of [[1, 8], [3, 24], [2, 128], [8, 16]] as const) {
  kernelTest(`rope() turns by each token's position and back at ${heads} × ${headSize}`, async (bench) => {
    const positions = [0, 1, 2, 0, 1, 6, 30];
    const half = headSize / 2;
    const table = new Float64Array(31 * headSize);
    for (let p = 0; p < 31; p++) {
      for (let i = 0; i < half; i++) {
        const angle = p * 10000 ** (-2 * i / headSize);
        table[p * headSize + i] = Math.cos(angle);
        table[p * headSize + half + i] = Math.sin(angle);
      }
    }
    const x = new Random(9).values(positions.length * heads * headSize);
    const gpu = bench.tensor([positions.length, heads, headSize], x);
    const [gpuPositions, gpuTable] = [bench.indices(positions), bench.tensor([31, 2, half], table)];
    rope(bench.stream, gpu, gpuPositions, gpuTable, 1);
    assertClose(await bench.read(gpu), reference.rope(x, positions, heads, headSize, 10000), 1e-5, "turned");
    rope(bench.stream, gpu, gpuPositions, gpuTable, -1);
    assertClose(await bench.read(gpu), x, 1e-5, "turned back");
  });
}

for (const bits of [4, 8, 32] as const) {
  kernelTest(
    `embed() reads rows of a ${bits}-bit table in one part or two, the last and a repeated one too`,
    async (bench) => {
      const [vocabulary, width] = [7, 12];
      const values = Float32Array.from(new Random(2).values(vocabulary * width));
      const stored = unpackRows(packRows(values, vocabulary, width, bits), vocabulary, width, bits);
      const ids = [6, 0, 3, 3, 5];
      const wanted = ids.flatMap((id) => [...stored.subarray(id * width, (id + 1) * width)]);
      for (const [parts, maxBytes] of [[1, undefined], [2, 4 * rowBytes(width, bits).blocks]]) {
        const table = weightOf(bench.device, "table", values, vocabulary, width, bits, maxBytes);
        assertEquals(table.parts.length, parts);
        const y = bench.output([ids.length, width]);
        embed(bench.stream, bench.indices(ids), table, y);
        assertClose(await bench.read(y), wanted, 1e-6);
      }
    },
  );
}

kernelTest("gatherRows(), scatterRows() and fill() move exactly the rows named", async (bench) => {
  const x = new Random(4).values(5 * 8);
  const source = bench.tensor([5, 8], x);
  const indices = bench.indices([4, 0, 2]);
  const gathered = bench.output([3, 8]);
  gatherRows(bench.stream, source, indices, gathered);
  assertClose(await bench.read(gathered), [4, 0, 2].flatMap((i) => [...x.subarray(i * 8, i * 8 + 8)]), 0);
  const target = bench.output([5, 8]);
  fill(bench.stream, target, 0.5);
  scatterRows(bench.stream, gathered, indices, target);
  const read = await bench.read(target);
  assertEquals([...read.subarray(8, 16)], Array(8).fill(0.5));
  assertClose(read.subarray(32, 40), x.subarray(32, 40), 0);
});
