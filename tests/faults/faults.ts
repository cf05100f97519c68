// Faults by seed: the real `train` in processes of its own, killed at random points, with files corrupted behind its back,
// on a full or bad disk, with a shared cache that stalls or lies, with another process or a clean-up beside it. Whatever
// happens, the next undisturbed run must end with the digests of a run that nothing disturbed, and no run may end well with
// anything else.
import { join } from "@std/path";
import { cpSync } from "node:fs";
import { repository, writeInputs } from "../tasks/children.ts";
import { Random } from "../kernels/harness.ts";
import { spoilShared, stallingServer } from "./shared_caches.ts";

/** How a run ended: digests by stage if it ended well. */
export interface Ending {
  readonly code: number;
  readonly digests: Readonly<Record<string, string>>;
  readonly stderr: string;
  readonly ms: number;
}

/** The undisturbed run that others are compared with. */
export interface Clean extends Ending, Disposable {
  /** Its folder: inputs, and the caches that it filled, its own (`.vicuna`) and a shared one (`shared`). */
  readonly folder: string;
}

const recipe = [
  "chinese_vicuna",
  ...["--base-model", "model", "--data", "belle:belle.jsonl", "--data", "alpaca:alpaca.json", "--json"],
  ...["--validation", "4", "--max-tokens", "64", "--batch-size", "8", "--micro-batch-size", "4", "--epochs", "1"],
  ...["--warmup-steps", "2", "--learning-rate", "0.02", "--save-steps", "1", "--eval-steps", "2", "--samples", "0"],
];

/** A folder with a tiny model, rows, and a cache. */
export class Bench implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "vicuna-faults-" });
  readonly cacheDir: string = join(this.folder, ".vicuna");

  /** Takes over the inputs of a run, and what its kernels' self-check found. */
  takeInputs({ folder }: Clean): void {
    for (const name of ["model", "belle.jsonl", "alpaca.json", ".vicuna/notes"]) this.#take(folder, name);
  }

  /** Takes over a run's caches, as if it had been here. */
  takeCaches({ folder }: Clean): void {
    for (const name of [".vicuna", "shared"]) this.#take(folder, name);
  }

  #take(folder: string, name: string): void {
    cpSync(join(folder, name), join(this.folder, name), { recursive: true, preserveTimestamps: true });
  }

  /** Starts `train`. */
  start(
    options: { preload?: string; env?: Record<string, string>; args?: readonly string[] } = {},
  ): { kill(): void; ended: Promise<Ending> } {
    const preload = options.preload === undefined ? [] : ["--preload", options.preload];
    const started = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...preload, join(repository, "tasks", "train.ts"), ...recipe, ...options.args ?? []],
      cwd: repository,
      env: { INIT_CWD: this.folder, LC_ALL: "C.UTF-8", NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ended = (async () => {
      const { code, stdout, stderr } = await child.output();
      const digests: Record<string, string> = {};
      for (const line of new TextDecoder().decode(stdout).split("\n")) {
        const event = line.startsWith("{") && line.endsWith("}") ? JSON.parse(line) : undefined;
        if (event?.type === "stage-end") digests[event.stage] = event.digest;
      }
      return { code, digests, stderr: new TextDecoder().decode(stderr), ms: performance.now() - started };
    })();
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
    };
    return { kill, ended };
  }

  /** All files of the cache's results. */
  async cachedFiles(): Promise<string[]> {
    const found: string[] = [];
    const walk = async (dir: string): Promise<void> => {
      for await (const { name, isDirectory } of Deno.readDir(dir)) {
        if (isDirectory) await walk(join(dir, name));
        else found.push(join(dir, name));
      }
    };
    await walk(join(this.cacheDir, "store")).catch(() => {});
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Spoils a file as a bad disk or a careless hand would, keeping its times. */
async function spoil(path: string, random: Random): Promise<string> {
  const info = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  const how = (["flip", "truncate", "zero", "delete"] as const)[random.below(4)]!;
  if (how === "delete" || bytes.length === 0) {
    await Deno.remove(path);
    return `delete ${path}`;
  }
  if (how === "flip") bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  if (how === "zero") bytes.fill(0);
  await Deno.writeFile(path, how === "truncate" ? bytes.subarray(0, random.below(bytes.length)) : bytes);
  await Deno.utime(path, info.atime ?? 0, info.mtime ?? 0);
  return `${how} ${path}`;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What disturbs the runs before the last one. Each returns what it did, for the message of a failure. */
const disturbances: Record<string, (bench: Bench, clean: Clean, random: Random) => Promise<string>> = {
  async kills(bench, clean, random) {
    const points: number[] = [];
    for (let i = 0; i < 2; i++) {
      const run = bench.start();
      points.push(Math.round(random.next() * clean.ms));
      await sleep(points.at(-1)!);
      run.kill();
      expectSame(await run.ended, clean, `a run to be killed after ${points.at(-1)} ms`);
    }
    return `killed after ${points.join(", ")} ms`;
  },
  async corruption(bench, clean, random) {
    bench.takeCaches(clean);
    const files = await bench.cachedFiles();
    const done: string[] = [];
    for (let i = 0; i < 2; i++) {
      const path = files.splice(random.below(files.length), 1)[0]!;
      done.push(await spoil(path, random));
    }
    return done.join(", ");
  },
  async "full disk"(bench, clean, random) {
    const done: number[] = [];
    for (let i = 0; i < 2; i++) {
      const bytes = Math.floor(random.next() ** 2 * 400_000);
      const env = { FAULT_DISK_BYTES: String(bytes), FAULT_DISK_FOLDER: bench.cacheDir };
      const ending = await bench.start({ preload: new URL("./full_disk.ts", import.meta.url).pathname, env }).ended;
      expectSame(ending, clean, `a run with ${bytes} bytes of disk`);
      if (ending.code !== 0 && !/full|No space left/.test(ending.stderr)) {
        throw new Error(`a run on a full disk (${bytes} bytes) did not say so: ${ending.stderr}`);
      }
      done.push(bytes);
    }
    return `disks of ${done.join(", ")} bytes`;
  },
  async "a bad disk"(bench, clean, random) {
    bench.takeCaches(clean);
    const files = await bench.cachedFiles();
    const bad = [0, 1].map(() => files.splice(random.below(files.length), 1)[0]!);
    const preload = new URL("./bad_disk.ts", import.meta.url).pathname;
    const ending = await bench.start({ preload, env: { FAULT_BAD_FILES: JSON.stringify(bad) } }).ended;
    if (ending.code !== 0) throw new Error(`a run that cannot read ${bad.join(" and ")} failed: ${ending.stderr}`);
    expectSame(ending, clean, `a run that cannot read ${bad.join(" and ")}`);
    return `bad spots under ${bad.join(", ")}`;
  },
  async stalls(bench, clean, random) {
    await using server = stallingServer(random);
    const preload = new URL("./quick_deadlines.ts", import.meta.url).pathname;
    const args = ["--remote-cache", server.location, "--remote-write"];
    const ending = await bench.start({ preload, args }).ended;
    if (ending.code !== 0) throw new Error(`a run with a shared cache that stalls failed: ${ending.stderr}`);
    expectSame(ending, clean, "a run with a shared cache that stalls");
    return `a shared cache that stalls in ${server.how}`;
  },
  async "odd manifests"(bench, clean, random) {
    const shared = join(bench.folder, "shared");
    const args = ["--remote-cache", shared, "--remote-write"];
    bench.takeCaches(clean);
    const done = await spoilShared(shared, random);
    await Deno.remove(bench.cacheDir, { recursive: true });
    const ending = await bench.start({ args }).ended;
    if (ending.code !== 0) throw new Error(`a run with odd manifests (${done}) failed: ${ending.stderr}`);
    expectSame(ending, clean, `a run with odd manifests (${done})`);
    return done;
  },
  async company(bench, clean, random) {
    const first = bench.start();
    await sleep(random.next() * clean.ms);
    const second = bench.start({ args: ["--output-path", "other"] }); // a folder is one run's at a time
    if (random.below(2)) {
      await sleep(random.next() * clean.ms * 0.5);
      first.kill();
    }
    expectSame(await first.ended, clean, "the first of two runs");
    const ending = await second.ended;
    if (ending.code !== 0) throw new Error(`the second of two runs failed: ${ending.stderr}`);
    expectSame(ending, clean, "the second of two runs");
    return "two processes";
  },
  async "no locks"(bench, clean, random) {
    const preload = new URL("./without_locks.ts", import.meta.url).pathname;
    const first = bench.start({ preload });
    await sleep(random.next() * clean.ms * 0.5);
    const second = bench.start({ preload });
    const kills = random.below(2) === 1;
    if (kills) {
      await sleep(random.next() * clean.ms * 0.5);
      first.kill();
    }
    const endings = [await first.ended, await second.ended];
    for (const [at, ending] of endings.entries()) {
      expectSame(ending, clean, `run ${at + 1} of two without locks`);
      if (ending.code !== 0 && !(kills && at === 0)) throw new Error(`run ${at + 1} failed: ${ending.stderr}`);
    }
    return "two processes on a file system without locks";
  },
  async "clean-up"(bench, clean, random) {
    const run = bench.start();
    for (let i = 0; i < 2; i++) {
      await sleep(random.next() * clean.ms * 0.6);
      const gc = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", join(repository, "tasks", "cache.ts"), "gc", "--keep", "0"],
        cwd: repository,
        env: { INIT_CWD: bench.folder },
        stdout: "null",
        stderr: "piped",
      });
      const { code, stderr } = await gc.output();
      if (code !== 0) throw new Error(`a clean-up failed: ${new TextDecoder().decode(stderr)}`);
    }
    const ending = await run.ended;
    if (ending.code !== 0) throw new Error(`a run beside a clean-up failed: ${ending.stderr}`);
    expectSame(ending, clean, "a run beside a clean-up");
    return "a clean-up beside a run";
  },
};

/** Fails if a run gave any stage another digest than the undisturbed run; a run that was cut short may lack some. */
function expectSame(ending: Ending, clean: Ending, which: string): void {
  for (const [stage, digest] of Object.entries(ending.digests)) {
    if (clean.digests[stage] !== digest) {
      throw new Error(`${which}: ${stage} gave another digest than an undisturbed run`);
    }
  }
}

/** Runs undisturbed; the folder is there until it is disposed of. */
export async function cleanRun(): Promise<Clean> {
  const bench = new Bench();
  await writeInputs(bench.folder);
  const ending = await bench.start({ args: ["--remote-cache", join(bench.folder, "shared"), "--remote-write"] }).ended;
  if (ending.code !== 0) throw new Error(`an undisturbed run failed: ${ending.stderr}`);
  return {
    ...ending,
    folder: bench.folder,
    [Symbol.dispose]: () => Deno.removeSync(bench.folder, { recursive: true }),
  };
}

/** Names of the kinds of faults, in the order in which seeds take them. */
export const kindsOfFaults: readonly string[] = Object.keys(disturbances);

/** Plays one seed: a disturbance, then a run that nothing disturbs and that must end as `clean` did. */
export async function playSeed(seed: number, clean: Clean): Promise<string> {
  const random = new Random(seed * 7919 + 1);
  const kind = kindsOfFaults[seed % kindsOfFaults.length]!;
  await using bench = new Bench();
  bench.takeInputs(clean);
  const done = `${kind}: ${await disturbances[kind]!(bench, clean, random)}`;
  const last = await bench.start().ended;
  if (last.code !== 0) throw new Error(`seed ${seed}, ${done}: the next run failed: ${last.stderr}`);
  expectSame(last, clean, `seed ${seed}, ${done}`);
  const missing = Object.keys(clean.digests).filter((stage) => !(stage in last.digests));
  if (missing.length > 0) throw new Error(`seed ${seed}, ${done}: the next run lacks ${missing.join(", ")}`);
  return done;
}
