// The LoRA step of `deno task bench` in jax-js, float32, each part jitted: a child of compare.ts, since the package is none
// of the project's. Prints one line of JSON. Usage: jax_step.ts BACKEND CONFIG, BACKEND webgpu or wasm, or: webgpu product.
import { BENCH_CONFIGS, type BenchConfig, benchLora } from "../../tasks/bench/configs.ts";
import { syntheticBatch } from "../../tasks/bench/synthetic.ts";

/** Held in a variable, so that the project's own lock file knows nothing of it. */
const jaxPackage = "npm:@jax-js/jax@0.1.25";

/** An array; a function that is given one owns it, and `ref` is one more share of it. */
interface Jax {
  readonly ref: Jax;
  add(other: Jax | number): Jax;
  sub(other: Jax | number): Jax;
  mul(other: Jax | number): Jax;
  div(other: Jax | number): Jax;
  sum(axis?: number): Jax;
  reshape(shape: number[]): Jax;
  slice(...index: ([] | [number] | [number, number])[]): Jax;
  data(): Promise<Float32Array>;
}

type Tree = readonly Jax[];

/** The part of jax-js that is used here. */
interface JaxJs {
  readonly numpy: {
    array(values: Float32Array | Int32Array, options: { shape: number[]; dtype: unknown }): Jax;
    readonly float32: unknown;
    readonly int32: unknown;
    matmul(a: Jax, b: Jax): Jax;
    mean(a: Jax, axis: number, options: { keepdims: boolean }): Jax;
    sqrt(a: Jax): Jax;
    square(a: Jax): Jax;
    take(a: Jax, indices: Jax, axis: number): Jax;
    concatenate(parts: Jax[], axis: number): Jax;
    zerosLike(a: Jax): Jax;
  };
  readonly nn: {
    silu(x: Jax): Jax;
    logSoftmax(x: Jax, axis: number): Jax;
    oneHot(x: Jax, classes: number): Jax;
    dotProductAttention(q: Jax, k: Jax, v: Jax, options: { isCausal: boolean }): Jax;
  };
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<Arguments extends unknown[], Result>(f: (...args: Arguments) => Result): (...args: Arguments) => Result;
  grad<Arguments extends unknown[], Result>(
    f: (...args: Arguments) => Jax,
    options: { argnums: number[] },
  ): (...args: Arguments) => Result;
  valueAndGrad<Arguments extends unknown[]>(
    f: (...args: Arguments) => Jax,
  ): (...args: Arguments) => [Jax, Arguments[0]];
  blockUntilReady<T>(tree: T): Promise<T>;
}

const [backend, what] = Deno.args as [string, string];
const jax = await import(jaxPackage) as JaxJs;
const np = jax.numpy;
if (!(await jax.init(backend)).includes(backend)) throw new Error(`jax-js has no backend ${backend} here`);
jax.defaultDevice(backend);

const refs = <T extends Tree>(tree: T): T => tree.map((array) => array.ref) as unknown as T;

let seed = 1;
/** Uniform values of the standard deviation that transformers starts a model with. */
function random(...shape: number[]): Jax {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    values[i] = (seed / 2 ** 31 - 1) * 0.02 * Math.sqrt(3);
  }
  return np.array(values, { shape, dtype: np.float32 });
}
const filled = (value: number, ...shape: number[]) =>
  np.array(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), { shape, dtype: np.float32 });

/** The quickest of `times` calls, in ms, after one that compiles. */
async function quickest(times: number, run: () => Promise<unknown>): Promise<number> {
  await run();
  let best = Infinity;
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await run();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

/** GFLOP/s of x·W at M 256, N 1024, K 1024. Several calls are waited for together, since waiting alone costs 10 ms. */
async function product(): Promise<number> {
  const [m, n, k, calls] = [256, 1024, 1024, 8];
  const [x, w] = [random(m, k), random(k, n)];
  const ms = await quickest(5, async () => {
    const results = Array.from({ length: calls }, () => np.matmul(x.ref, w.ref));
    await jax.blockUntilReady(results);
    results.forEach((result) => (result as unknown as { dispose(): void }).dispose());
  });
  return 2 * m * n * k * calls / ms / 1e6;
}

/** Tokens a second of a training step. */
async function step({ model, rows, rowTokens }: BenchConfig): Promise<number> {
  const { hiddenSize: C, intermediateSize: F, heads: H, headSize: D, vocabularySize: V } = model;
  const [B, T, R] = [rows, rowTokens, benchLora.rank];
  const scale = benchLora.alpha / benchLora.rank;
  const batch = syntheticBatch(V, B, T);
  const ids = np.array(Int32Array.from(batch.ids), { shape: [B, T], dtype: np.int32 });
  const labels = np.array(batch.labels.map((label) => Math.max(label, 0)) as Int32Array<ArrayBuffer>, {
    shape: [B * T],
    dtype: np.int32,
  });
  const labelled = batch.labels.filter((label) => label >= 0).length;
  const mask = np.array(Float32Array.from(batch.labels, (label) => label >= 0 ? 1 : 0), {
    shape: [B * T],
    dtype: np.float32,
  });
  const angles = Float32Array.from(
    { length: T * D / 2 },
    (_, i) => Math.floor(i / (D / 2)) * model.ropeTheta ** (-2 * (i % (D / 2)) / D),
  );
  const table = (f: (angle: number) => number) => np.array(angles.map(f), { shape: [T, 1, D / 2], dtype: np.float32 });
  const turns: Tree = [table(Math.cos), table(Math.sin)];

  const embedding = random(V, C);
  const head: Tree = [filled(1, C), random(C, V)];
  const layers = Array.from({ length: model.layers }, (): Tree => [
    filled(1, C),
    random(C, C),
    random(C, C),
    random(C, C),
    random(C, C),
    filled(1, C),
    random(C, F),
    random(C, F),
    random(F, C),
  ]);
  let adapters = layers.map((): Tree => [random(C, R), filled(0, R, C), random(C, R), filled(0, R, C)]);
  let first = adapters.map((tree): Tree => tree.map((array) => np.zerosLike(array.ref)));
  let second = adapters.map((tree): Tree => tree.map((array) => np.zerosLike(array.ref)));

  const norm = (x: Jax, weight: Jax) => {
    const root = np.sqrt(np.mean(np.square(x.ref), -1, { keepdims: true }).add(model.normEpsilon));
    return x.div(root).mul(weight);
  };
  const rotate = (x: Jax, cos: Jax, sin: Jax) => {
    const low = x.ref.slice([], [], [], [0, D / 2]);
    const high = x.slice([], [], [], [D / 2, D]);
    return np.concatenate([
      low.ref.mul(cos.ref).sub(high.ref.mul(sin.ref)),
      high.mul(cos).add(low.mul(sin)),
    ], -1);
  };
  const adapted = (x: Jax, weight: Jax, a: Jax, b: Jax) =>
    np.matmul(x.ref, weight).add(np.matmul(np.matmul(x, a), b).mul(scale));
  const layer = (x: Jax, [qA, qB, vA, vB]: Tree, weights: Tree, [cos, sin]: Tree): Jax => {
    const [n1, wq, wk, wv, wo, n2, gate, up, down] = weights as Jax[];
    const normed = norm(x.ref, n1!);
    const wide = (y: Jax) => y.reshape([B, T, H, D]);
    const q = rotate(wide(adapted(normed.ref, wq!, qA!, qB!)), cos!.ref, sin!.ref);
    const k = rotate(wide(np.matmul(normed.ref, wk!)), cos!, sin!);
    const v = wide(adapted(normed, wv!, vA!, vB!));
    const attended = jax.nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([B, T, C]);
    const middle = x.add(np.matmul(attended, wo!));
    const second = norm(middle.ref, n2!);
    const active = jax.nn.silu(np.matmul(second.ref, gate!)).mul(np.matmul(second, up!));
    return middle.add(np.matmul(active, down!));
  };
  const loss = (x: Jax, weights: Tree, labels: Jax, mask: Jax): Jax => {
    const logits = np.matmul(norm(x, weights[0]!).reshape([B * T, C]), weights[1]!);
    const picked = jax.nn.logSoftmax(logits, -1).mul(jax.nn.oneHot(labels, V)).sum(-1);
    return picked.mul(mask).sum().mul(-1 / labelled);
  };
  const layerForward = jax.jit(layer);
  const layerBackward = jax.jit(
    jax.grad<[Jax, Tree, Tree, Tree, Jax], [Jax, Tree]>(
      (x, adapter, weights, turns, dy) => layer(x, adapter, weights, turns).mul(dy).sum(),
      { argnums: [0, 1] },
    ),
  );
  const lossBackward = jax.jit(jax.valueAndGrad(loss));
  const look = jax.jit((ids: Jax, table: Jax) => np.take(table, ids, 0));
  const adam = jax.jit((weight: Jax, gradient: Jax, m: Jax, v: Jax): [Jax, Jax, Jax] => {
    const m2 = m.mul(0.9).add(gradient.ref.mul(0.1));
    const v2 = v.mul(0.999).add(np.square(gradient).mul(0.001));
    return [weight.sub(m2.ref.div(np.sqrt(v2.ref).add(1e-8)).mul(3e-4)), m2, v2];
  });

  const takeStep = async () => {
    const inputs = [look(ids.ref, embedding.ref)];
    layers.forEach((weights, i) => {
      inputs.push(layerForward(inputs[i]!.ref, refs(adapters[i]!), refs(weights), refs(turns)));
    });
    const [value, gradient] = lossBackward(inputs.pop()!, refs(head), labels.ref, mask.ref);
    let dx = gradient;
    for (let i = layers.length - 1; i >= 0; i--) {
      const [next, gradients] = layerBackward(inputs.pop()!, refs(adapters[i]!), refs(layers[i]!), refs(turns), dx);
      dx = next;
      const stepped = adapters[i]!.map((array, j) => adam(array, gradients[j]!, first[i]![j]!, second[i]![j]!));
      adapters = adapters.with(i, stepped.map(([array]) => array));
      first = first.with(i, stepped.map(([, m]) => m));
      second = second.with(i, stepped.map(([, , v]) => v));
    }
    (dx as unknown as { dispose(): void }).dispose();
    await jax.blockUntilReady(adapters);
    return (await value.data())[0]!;
  };
  const losses: number[] = [];
  const ms = await quickest(3, async () => losses.push(await takeStep()));
  if (!(losses.at(-1)! < losses[0]!)) throw new Error(`the loss of jax-js' step does not fall: ${losses}`);
  return B * T / ms * 1000;
}

if (what === "product") console.log(JSON.stringify({ gflops: await product() }));
else console.log(JSON.stringify({ tokens_per_second: await step(BENCH_CONFIGS[what as "S" | "M"]) }));
Deno.exit();
