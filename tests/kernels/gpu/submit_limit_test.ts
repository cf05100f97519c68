import { assert, assertEquals, assertGreater } from "@std/assert";
import { attention, attentionBackward } from "../../../kernels/attention/attention.ts";
import { Device } from "../../../kernels/gpu/device.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import { fill } from "../../../kernels/layer/rows.ts";
import { SubmitLimiter } from "../../../kernels/gpu/submit_limit.ts";
import { weightOf, weightTensors } from "../../../kernels/weight/weight.ts";
import { weightGradient } from "../../../kernels/product/weight_gradient.ts";
import { destroyTensors } from "../../../kernels/gpu/tensor.ts";
import { Bench, everyKind, kernelTest, Random } from "../harness.ts";

/** A limiter whose device does so many operations a ms, by a clock that only the device's work moves. */
function fake(software: boolean) {
  let now = 0;
  const limiter = new SubmitLimiter(software, () => now);
  const work = (operations: number, perMs: number) => {
    limiter.submitted(operations);
    now += operations / perMs;
    limiter.finished();
  };
  return { limiter, work, pass: (ms: number) => now += ms };
}

Deno.test("before anything was measured, a submit holds what a slow device of its sort does in 200 ms", () => {
  assertEquals(new SubmitLimiter(true).most, 200 * 2e7);
  assertEquals(new SubmitLimiter(false).most, 200 * 2e8);
});

Deno.test("a device slower than assumed gets smaller submits after the first wait, a quicker one larger ones after eight", () => {
  const slow = fake(false);
  slow.work(slow.limiter.most, 5e7);
  assertEquals(slow.limiter.most, 200 * 5e7);
  const quick = fake(false);
  for (let i = 0; i < 7; i++) quick.work(quick.limiter.most, 5e9);
  assertEquals(quick.limiter.most, 200 * 2e8);
  quick.work(quick.limiter.most, 5e9);
  assertEquals(quick.limiter.most, 200 * 5e9);
});

Deno.test("the slowest of the last waits counts, so that a mixture of kernels keeps to the time", () => {
  const { limiter, work } = fake(false);
  for (let i = 0; i < 20; i++) work(limiter.most, i % 4 === 0 ? 1e8 : 4e8);
  assertEquals(limiter.most, 200 * 1e8);
});

Deno.test("a wait for a compiler does not make submits as small as they can be", () => {
  const { limiter, pass } = fake(true);
  limiter.submitted(1000);
  pass(5000);
  limiter.finished();
  assertEquals(limiter.most, 200 * 2e6);
});

Deno.test("a short wait, which is mostly the way to the device and back, does not make submits smaller", () => {
  const { limiter, work, pass } = fake(false);
  limiter.submitted(10);
  pass(11);
  limiter.finished();
  assertEquals(limiter.most, 200 * 2e8);
  pass(5000); // nothing was submitted: that the device stood still says nothing
  limiter.finished();
  work(1e9, 1e8);
  assertEquals(limiter.most, 200 * 2e8, "10 ms");
});

Deno.test("the device is full when what it has and what comes take more than 200 ms; an idle one takes anything", () => {
  const { limiter } = fake(false);
  assert(!limiter.isFull(1e15));
  limiter.submitted(limiter.most / 2);
  assert(!limiter.isFull(limiter.most / 2));
  assert(limiter.isFull(limiter.most / 2 + 1));
  limiter.finished();
  assert(!limiter.isFull(limiter.most));
});

/** A limiter that allows hardly anything at once. */
class Narrow extends SubmitLimiter {
  override get most(): number {
    return 1;
  }
}

function countSubmits(device: Device): () => number {
  const { queue } = device.gpu;
  const submit = queue.submit;
  let count = 0;
  queue.submit = function (buffers) {
    count++;
    submit.call(this, buffers);
  };
  return () => count;
}

/** Everything that can be cut, on a bench: two products, the gradient of a weight, attention there and back. */
async function results(bench: Bench): Promise<Float32Array[]> {
  const { stream } = bench;
  const random = new Random(3);
  const [m, n, k] = [150, 72, 68];
  const weight = weightOf(bench.device, "w", Float32Array.from(random.values(n * k)), n, k, 8);
  const gradient = weightOf(bench.device, "g", new Float32Array(n * k), n, k, 32);
  const [x, dy] = [bench.tensor([m, k], random.values(m * k)), bench.tensor([m, n], random.values(m * n))];
  const [y, dx] = [bench.output([m, n]), bench.output([m, k])];
  product(stream, x, weight, y);
  productTransposed(stream, dy, weight, dx);
  weightGradient(stream, dy, x, gradient);
  const [tokens, heads, keyHeads, headSize] = [70, 4, 2, 16];
  const make = (h: number) => bench.tensor([tokens, h, headSize], random.values(tokens * h * headSize));
  const starts = bench.indices(Array.from({ length: tokens }, (_, t) => t < 33 ? 0 : 33));
  const input = { q: make(heads), k: make(keyHeads), v: make(keyHeads), starts };
  const [out, stats, dOut] = [bench.output([tokens, heads, headSize]), bench.output([tokens, heads, 2]), make(heads)];
  const like = (h: number) => bench.output([tokens, h, headSize]);
  const [dq, dk, dv] = [like(heads), like(keyHeads), like(keyHeads)];
  attention(stream, input, out, stats);
  attentionBackward(stream, input, { y: out, stats, dy: dOut }, { dq, dk, dv });
  const found = [];
  for (const tensor of [y, dx, gradient.parts[0]!.blocks, out, dq, dk, dv]) found.push(await bench.read(tensor));
  destroyTensors(bench.device, [...weightTensors(weight), ...weightTensors(gradient)]);
  return found;
}

kernelTest(
  "dispatches that are cut, because the whole is too much for one submit, give the same bits",
  async (bench) => {
    const wanted = await results(bench);
    const narrow = new Bench(new Device(bench.device.gpu, bench.device.info, new Narrow(true)));
    const submits = countSubmits(narrow.device);
    const found = await results(narrow);
    // Seven dispatches were recorded, seven results read.
    assertGreater(submits(), 14 + 7);
    found.forEach((values, i) => assertEquals(values, wanted[i]));
    narrow.close();
  },
  everyKind,
);

kernelTest(
  "submit() hands over a piece at a time, tells its share, and lets timers be heard in between",
  async (bench) => {
    const narrow = new Bench(new Device(bench.device.gpu, bench.device.info, new Narrow(true)));
    const submits = countSubmits(narrow.device);
    const x = narrow.output([8, 4]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    for (let i = 0; i < 10; i++) fill(narrow.stream, x, i);
    const shares: number[] = [];
    await narrow.stream.submit((share) => shares.push(Math.round(share * 10)));
    clearInterval(timer);
    assertEquals(submits(), 10);
    assertEquals(shares, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertGreater(ticks, 0);
    assertEquals((await narrow.read(x))[0], 9);
    narrow.close();
  },
);
