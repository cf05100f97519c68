import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  idBits,
  mostCandidates,
  readResult,
  sampleRows,
  type SampleSettings,
  SampleSpace,
  settingWords,
} from "../../../kernels/decode/sample.ts";
import { firstRows, upload } from "../../../kernels/gpu/tensor.ts";
import { assertClose, type Bench, kernelTest, Random } from "../harness.ts";

const greedy: SampleSettings = { penalty: 1, temperature: 0, topP: 1, minP: 0, topK: 0, maskedSteps: 0, tops: 0 };

interface Row {
  readonly settings: SampleSettings;
  readonly seen: readonly number[];
  readonly draw: number;
}

/** The textbook in float64: penalty and mask, then cuts over the sorted vocabulary, then the draw. */
function wantedId(logits: Float64Array, { settings, seen, draw }: Row, size: number, stops: readonly number[]): number {
  const { penalty, temperature, topP, minP, topK, maskedSteps } = settings;
  const values = [...logits.subarray(0, size)].map((x, id) => {
    if (maskedSteps > 0 && stops.includes(id)) return -Infinity;
    return seen.includes(id) ? Math.fround(x > 0 ? x / penalty : x * penalty) : x;
  });
  const order = values.map((_, id) => id).sort((a, b) => values[b]! - values[a]! || a - b);
  if (temperature === 0) return order[0]!;
  let kept = order.filter((id) => values[id]! > -Infinity).slice(0, topK || size)
    .map((id) => ({ id, weight: Math.exp((values[id]! - values[order[0]!]!) / temperature) }));
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  kept = kept.filter(({ weight }, i) => {
    const keep = i === 0 || before < topP * total;
    before += weight;
    return keep;
  });
  kept = kept.filter(({ weight }) => weight >= minP);
  let rest = draw * kept.reduce((sum, { weight }) => sum + weight, 0);
  return kept.find(({ weight }) => (rest -= weight) < 0)?.id ?? kept.at(-1)!.id;
}

/** Samples one step, and gives the results with the logits that were used. */
async function sampled(
  bench: Bench,
  rows: readonly Row[],
  width: number,
  size: number,
  stops: readonly number[],
  scale = 3,
) {
  const random = new Random(width + rows.length);
  const logits = random.values(rows.length * width, scale);
  const space = new SampleSpace(bench.device, width, rows.length + 1, 2);
  upload(bench.device, space.settings, settingWords(rows.map(({ settings }) => settings)));
  rows.forEach(({ seen }, i) => upload(bench.device, space.seen, idBits(seen, space.words), i * space.words));
  upload(bench.device, space.stops, idBits(stops, space.words));
  upload(bench.device, space.draws, Float32Array.from(rows, ({ draw }) => draw));
  const ids = bench.indices(rows.map(() => 0));
  const tensor = bench.tensor([rows.length, width], logits);
  sampleRows(bench.stream, tensor, ids, space, { size, step: 0 });
  const words = new Uint32Array((await bench.read(space.results)).buffer);
  const results = rows.map(({ settings }, i) => readResult(words, rows.length, 0, i, settings.tops));
  assertEquals(new Uint32Array((await bench.read(ids)).buffer), Uint32Array.from(results, ({ id }) => id));
  return { logits, space, ids, tensor, results, row: (i: number) => logits.subarray(i * width, (i + 1) * width) };
}

const settingsOf = (some: Partial<SampleSettings>) => ({ ...greedy, ...some });

for (const [width, size] of [[4, 3], [64, 61], [700, 700]] as const) {
  kernelTest(`sampleRows() chooses as the textbook does among ${size} of ${width} ids`, async (bench) => {
    const stops = [0, 2];
    const seen = Array.from({ length: Math.ceil(size / 2) }, (_, i) => 2 * i);
    const kinds: Partial<SampleSettings>[] = [
      {},
      { penalty: 1.7 },
      { maskedSteps: 1 },
      { temperature: 0.8, topK: 40 },
      { temperature: 1.3, topK: 128, topP: 0.7, penalty: 1.2 },
      { temperature: 1, topK: 5, minP: 0.2 },
      { temperature: 0.3, topP: 0.9 },
      { temperature: 0.2 },
      { temperature: 0.7, minP: 0.1, maskedSteps: 1 },
    ];
    const rows = kinds.flatMap((kind) =>
      [0, 0.31, 0.77, 0.999].map((draw): Row => ({ settings: settingsOf(kind), seen, draw }))
    );
    const { results, row } = await sampled(bench, rows, width, size, stops);
    for (const [i, each] of rows.entries()) {
      const label = `row ${i}, ${JSON.stringify(each.settings)}`;
      assertEquals(results[i]!.undecided, false, label);
      assertEquals(results[i]!.id, wantedId(row(i), each, size, stops), label);
    }
  });
}

kernelTest(
  "sampleRows() takes the lowest of equal logits, and gives log-probabilities of the logits as they are",
  async (bench) => {
    const [width, size] = [520, 518];
    const rows = [{ settings: settingsOf({ tops: 7, penalty: 3, maskedSteps: 1 }), seen: [5], draw: 0 }];
    const { logits, results, space, ids } = await sampled(bench, rows, width, size, [9]);
    const order = [...logits.subarray(0, size).keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
    const normaliser = Math.log(logits.subarray(0, size).reduce((sum, x) => sum + Math.exp(x), 0));
    assertEquals(results[0]!.tops.map(({ id }) => id), order.slice(0, 7));
    assertClose(
      results[0]!.tops.map(({ logprob }) => logprob),
      order.slice(0, 7).map((id) => logits[id]! - normaliser),
      1e-5,
    );
    assertClose([results[0]!.logprob], [logits[results[0]!.id]! - normaliser], 1e-5);

    const equal = bench.tensor([1, width], new Float32Array(width).fill(-2));
    upload(bench.device, space.settings, settingWords([settingsOf({ tops: 3 })]));
    sampleRows(bench.stream, equal, ids, space, { size, step: 0 });
    const words = new Uint32Array((await bench.read(space.results)).buffer);
    const { id, tops } = readResult(words, 1, 0, 0, 3);
    assertEquals([id, ...tops.map(({ id }) => id)], [0, 0, 1, 2]);
    space.close();
  },
);

kernelTest("sampleRows() marks what it has chosen as seen, and says where it cannot decide", async (bench) => {
  const width = 600;
  const flat = settingsOf({ temperature: 50 });
  const rows: Row[] = [
    { settings: settingsOf({ penalty: 1e6 }), seen: [], draw: 0 },
    { settings: flat, seen: [], draw: 0.05 },
    { settings: flat, seen: [], draw: 0.9 },
    { settings: { ...flat, topP: 0.9 }, seen: [], draw: 0.05 },
    { settings: { ...flat, topK: mostCandidates }, seen: [], draw: 0.999 },
  ];
  const { results, row, space, tensor, ids } = await sampled(bench, rows, width, width, []);
  assertEquals(results.map(({ undecided }) => undecided), [false, false, true, true, false]);
  for (const i of [0, 1, 4]) assertEquals(results[i]!.id, wantedId(row(i), rows[i]!, width, []), `row ${i}`);
  sampleRows(bench.stream, tensor, ids, space, { size: width, step: 1 });
  const words = new Uint32Array((await bench.read(space.results)).buffer);
  const seen = [results[0]!.id];
  assertEquals(readResult(words, rows.length, 1, 0, 0).id, wantedId(row(0), { ...rows[0]!, seen }, width, []));
  assert(wantedId(row(0), { ...rows[0]!, seen }, width, []) !== seen[0]);
  assertThrows(() => sampleRows(bench.stream, tensor, ids, space, { size: width, step: 2 }), RangeError, "step 2");
  space.close();
});

kernelTest("sampleRows() gives a row the same result alone and among others", async (bench) => {
  const settings = settingsOf({ temperature: 0.9, topK: 20, tops: 4 });
  const rows = [0.1, 0.5, 0.9].map((draw): Row => ({ settings, seen: [1, 2], draw }));
  const { results, tensor, ids, space } = await sampled(bench, rows, 300, 300, []);
  upload(bench.device, space.seen, idBits([1, 2], space.words));
  sampleRows(bench.stream, firstRows(tensor, 1), firstRows(ids, 1), space, { size: 300, step: 0 });
  const words = new Uint32Array((await bench.read(space.results)).buffer);
  assertEquals(readResult(words, 1, 0, 0, 4), results[0]);
  space.close();
});
