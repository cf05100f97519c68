// deno run -A tests/full_size/cached_base.ts [FOLDER] [LAYERS]: a base of more than 10 GB in the cache. Shows by
// the counters of /proc/self/io that a run which finds it there verifies it while loading it onto the device and reads each
// byte once, and that a bit flipped in its middle is found. Takes three times the base on the disk, and its size in memory.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { openDevice } from "../../kernels/gpu/device.ts";
import { baseFile } from "../../models/base_file.ts";
import { configToJson, type LlamaConfig } from "../../models/formats/config.ts";
import { fromFloat32 } from "../../models/formats/dtype.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { writeSafetensors } from "../../models/formats/safetensors/safetensors.ts";
import { modelFolder, quantize } from "../../mod.ts";
import {
  DamagedInputError,
  defineStage,
  pipeline,
  type PipelineEvent,
  runPipeline,
  z,
} from "../../pipeline/core/mod.ts";
import { base, report } from "../../pipeline/stages/kinds.ts";
import { loadBaseInput } from "../../pipeline/stages/load_base_input.ts";
import { BENCH_CONFIGS } from "../../tasks/bench/configs.ts";
import { LLAMA_JSON } from "../models/sample_tokenizers.ts";

const [work = "/tmp", layers = "49", child] = Deno.args;

/** LLaMA-7B's widths, with more layers. */
const config: LlamaConfig = { ...BENCH_CONFIGS["llama-7b"].model, layers: Number(layers) };

/** Bytes that this process has asked for, and those of them that came from the disk. */
function bytesRead(): { asked: number; disk: number } {
  const text = Deno.readTextFileSync("/proc/self/io");
  const field = (name: string) => Number(text.match(new RegExp(`^${name}: (\\d+)`, "m"))?.[1]);
  return { asked: field("rchar"), disk: field("read_bytes") };
}

/** Writes the model as one float16 file a layer, of the same pseudo-random 2²⁴ values again and again. */
async function writeModel(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  let state = 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  const block = fromFloat32("F16", Float32Array.from({ length: 1 << 24 }, () => 0.04 * next()));
  const weightMap: Record<string, string> = {};
  const shards = Map.groupBy(llamaTensors(config), ({ name }) => /layers\.(\d+)\./.exec(name)?.[1] ?? "rest");
  for (const [shard, tensors] of shards) {
    const file = `model-${shard}.safetensors`;
    const entries = tensors.map(({ name, shape }) => ({
      name,
      dtype: "F16" as const,
      shape,
      data: async function* () {
        for (let left = shape.reduce((a, b) => a * b, 2); left > 0; left -= block.length) yield block.subarray(0, left);
      },
    }));
    await writeSafetensors(join(folder, file), entries, { format: "pt" });
    for (const { name } of tensors) weightMap[name] = file;
  }
  await Deno.writeTextFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
  await Deno.writeTextFile(join(folder, "config.json"), configToJson(config));
  await Deno.writeTextFile(join(folder, "tokenizer.json"), LLAMA_JSON);
}

/** What the loading stage counted. */
const loaded = { seconds: 0, before: bytesRead(), after: bytesRead() };

const load = defineStage({
  name: "load",
  version: 1,
  inputs: { base },
  params: z.object({ mark: z.string() }),
  output: report,
  verifies: ["base"],
  async run({ inputs, output }) {
    const device = await openDevice();
    const started = performance.now();
    loaded.before = bytesRead();
    try {
      await loadBaseInput(device, inputs.base);
    } finally {
      loaded.after = bytesRead();
      loaded.seconds = (performance.now() - started) / 1000;
      device.close();
    }
    await Deno.writeTextFile(join(output.dir, "report.md"), "loaded\n");
    return { evalLossBefore: 0, evalLossAfter: 0 };
  },
});

/** Runs the pipeline, here; `mark` empty: quantise only. */
async function run(folder: string, mark: string): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = [];
  const build = () => {
    const quantized = quantize({ model: modelFolder(join(folder, "model")), bits: 8 });
    return mark === "" ? { quantized } : { report: load({ base: quantized, mark }) };
  };
  await runPipeline(pipeline({ name: "large", options: z.object({}), build }), {
    cacheDir: join(folder, "cache"),
    onEvent: (event) => events.push(event),
  });
  return events;
}

/** Runs one part in a process of its own, so that its counters are its own. */
async function inProcess(folder: string, part: string): Promise<void> {
  const args = ["run", "-A", new URL(import.meta.url).pathname, folder, layers, part];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" }).output();
  if (!success) throw new Error(`${part} failed`);
}

const gb = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

const parts: Record<string, (folder: string) => Promise<void>> = {
  async quantise(folder) {
    const started = performance.now();
    await run(folder, "");
    console.log(`quantised in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  },
  async load(folder) {
    const started = performance.now();
    const start = bytesRead();
    const events = await run(folder, "hit");
    const end = bytesRead();
    const statuses = events.flatMap((event) => event.type === "stage-end" ? [`${event.stage} ${event.status}`] : []);
    assertEquals(statuses, ["quantize cached", "load ran"]);
    const { size } = await Deno.stat(await findBase(folder));
    const read = loaded.after.asked - loaded.before.asked;
    console.log(`base.safetensors: ${size} bytes (${gb(size)})`);
    console.log(
      `read to find it in the cache: ${loaded.before.asked - start.asked} bytes (with the driver's libraries)`,
    );
    console.log(
      `read to load and verify it: ${read} bytes, ${(read / size).toFixed(6)} of it, ` +
        `${gb(loaded.after.disk - loaded.before.disk)} from the disk, in ${loaded.seconds.toFixed(1)} s`,
    );
    console.log(
      `read in the whole run: ${end.asked - start.asked} bytes, ${((end.asked - start.asked) / size).toFixed(6)} ` +
        `of it, in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    assert(end.asked - start.asked < 1.01 * size, "some of it was read twice");
    assert(read >= size, "some of it was not read");
  },
  async damage(folder) {
    const path = await findBase(folder);
    {
      using file = await Deno.open(path, { read: true, write: true });
      const middle = Math.floor((await file.stat()).size / 2);
      const byte = new Uint8Array(1);
      await file.seek(middle, Deno.SeekMode.Start);
      await file.read(byte);
      await file.seek(middle, Deno.SeekMode.Start);
      await file.write(byte.map((value) => value ^ 1));
    }
    // The base cannot be made anew without its model, so the run ends with what it has found.
    const device = await openDevice();
    const dir = join(path, "..");
    const { files } = JSON.parse(await Deno.readTextFile(join(dir, "..", "manifest.json")));
    const found = await loadBaseInput(device, { dir, path: dir, meta: {} as never, files, digest: "" }).then(
      () => "nothing",
      (error) => error,
    );
    device.close();
    assert(found instanceof DamagedInputError, `${found}`);
    console.log(`one bit flipped in its middle: ${found.message}`);
  },
};

async function findBase(folder: string): Promise<string> {
  const entries = join(folder, "cache", "store", "quantize");
  for await (const { name } of Deno.readDir(entries)) return join(entries, name, "output", baseFile);
  throw new Error("the cache has no base");
}

if (child !== undefined) await parts[child]?.(work);
else {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-large-", dir: work });
  try {
    await writeModel(join(folder, "model"));
    // Files younger than two seconds are not remembered by their stamps, and would be hashed again.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    for (const part of Object.keys(parts)) await inProcess(folder, part);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
