import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { template } from "../../../../datasets/templates/templates.ts";
import { openDevice } from "../../../../kernels/gpu/device.ts";
import { loadBase } from "../../../../models/base_file.ts";
import type { ScorePair } from "../../../../models/generation/scorer.ts";
import { TextGenerator } from "../../../../models/generation/text_generator.ts";
import { loadTokenizer, type Tokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import type { StageInput } from "../../../../pipeline/core/mod.ts";
import { evaluate } from "../../../../pipeline/stages/evaluate.ts";
import { prepareChoicesTask } from "../../../../pipeline/stages/evaluation/choices_task.ts";
import { ceval, cmmlu } from "../../../../pipeline/stages/evaluation/tasks.ts";
import type { AskedGenerator } from "../../../../pipeline/stages/evaluation/prepared_task.ts";
import type { ChoicesTaskMeta, evaluationTask } from "../../../../pipeline/stages/kinds.ts";
import { buildTokenizer } from "../../../../models/formats/tokenizer/tokenizer_builder.ts";
import { run, samplesIn, withFolder } from "../running.ts";
import { small } from "../small_training.ts";

const header = "id,question,A,B,C,D,answer\n";

/** A folder in C-Eval's form: two subjects, with the right answers B C and D. */
function writeCeval(folder: string): string {
  const dir = join(folder, "ceval");
  for (const split of ["dev", "val", "test"]) Deno.mkdirSync(join(dir, split), { recursive: true });
  Deno.writeTextFileSync(join(dir, "dev/law_dev.csv"), `${header}0,例一,1,2,3,4,A\n1,例二,1,2,3,4,C\n`);
  Deno.writeTextFileSync(join(dir, "dev/logic_dev.csv"), `${header}0,例三,1,2,3,4,D\n`);
  Deno.writeTextFileSync(join(dir, "val/law_val.csv"), `${header}0,问一,1,2,3,4,B\n1,问二,1,2,3,4,C\n`);
  Deno.writeTextFileSync(join(dir, "val/logic_val.csv"), `${header}0,问三,1,2,3,4,D\n`);
  Deno.writeTextFileSync(join(dir, "test/law_test.csv"), `id,question,A,B,C,D\n0,密,1,2,3,4\n`);
  return dir;
}

const meta: ChoicesTaskMeta = { type: "choices", name: "ceval", format: "ceval", split: "val", shots: 1, bos: true };

function inputOf(dir: string): StageInput<typeof evaluationTask> {
  const files = ["dev/law_dev.csv", "dev/logic_dev.csv", "val/law_val.csv", "val/logic_val.csv"];
  return { dir, path: dir, meta, digest: "", files: files.map((path) => ({ path, size: 0, sha256: "" })) };
}

/** A generator for which the letter of `favourite` is the likeliest, two of the nats each token it takes. */
class FakeScorer implements Pick<AskedGenerator, "score" | "positions"> {
  readonly positions = 1;
  readonly asked: ScorePair[] = [];

  constructor(readonly tokenizer: Tokenizer, readonly favourite: (adapter: string | undefined) => string) {}

  score(pairs: readonly ScorePair[], { adapter }: { readonly adapter?: string | undefined } = {}) {
    this.asked.push(...pairs);
    return Promise.resolve(pairs.map(({ context, continuation }) => {
      const text = this.tokenizer.decode([...context, ...continuation]);
      const likely = text.endsWith(`答案： ${this.favourite(adapter)}`);
      const logprobs = Float64Array.from(continuation, () => (likely ? -1 : -3) / continuation.length);
      return { logprobs, greedy: likely };
    }));
  }

  stream(): never {
    throw new Error("nothing is to be generated");
  }
}

const asTask = (generator: FakeScorer, adapter?: string) => ({
  generator,
  adapter,
  signal: new AbortController().signal,
  onRequest: () => {},
  keep: <T>(_name: string, compute: () => Promise<T>) => compute(),
});

const setupOf = (tokenizer: Tokenizer, maxPositions: number) => ({
  template: template("alpaca"),
  tokenizer,
  maxPositions,
  limit: 0,
});

async function withTokenizer(test: (tokenizer: Tokenizer, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "tokenizer.json"), buildTokenizer(["问题答案 A. B. C. D. 单项选择题"], 420));
    using tokenizer = await loadTokenizer(folder);
    await test(tokenizer, folder);
  });
}

Deno.test("a task of choices takes the likeliest letter, by subject, on both sides", async () => {
  await withTokenizer(async (tokenizer, folder) => {
    const task = await prepareChoicesTask(inputOf(writeCeval(folder)), meta, setupOf(tokenizer, 4000));
    const generator = new FakeScorer(tokenizer, (adapter) => adapter === undefined ? "B" : "C");
    const { result, items } = await task.run(asTask(generator, "mine"));
    const [acc, normed] = result.metrics;
    assertEquals([acc?.metric, acc?.count, acc?.before.value, acc?.after?.value], ["acc", 3, 1 / 3, 1 / 3]);
    assertEquals(acc?.groups.map(({ name, count, before, after }) => [name, count, before.value, after?.value]), [
      ["law", 2, 0.5, 0.5],
      ["logic", 1, 0, 0],
    ]);
    assertEquals([acc?.meanOfGroups?.before.value, acc?.difference?.value], [0.25, 0]);
    assert((acc?.difference?.stderr ?? 0) > 0, "one was lost and one was won");
    assertEquals(normed?.before.value, acc?.before.value); // letters have one character each
    assertEquals(items.map(({ target, before, after }) => [target, before.response, after?.response]), [
      ["B", "B", "C"],
      ["C", "B", "C"],
      ["D", "B", "C"],
    ]);
    assertAlmostEquals(items[0]?.before.logLikelihoods?.[1] ?? 0, -1, 1e-12);
    assertEquals([task.requests, result.facts["prompts_cut"], result.facts["shots"]], [12, 0, 1]);
    // Context and continuation are the ids of the whole text, cut where the prompt ends.
    for (const { context, continuation } of generator.asked) {
      assertEquals(context[0], tokenizer.bosId);
      const text = tokenizer.decode(context);
      assert(text.endsWith("答案："), text);
      const letter = tokenizer.decode([...context, ...continuation]).slice(text.length);
      assert(/^ [A-D]$/.test(letter), letter);
    }
  });
});

Deno.test("a task of choices cuts the beginning of prompts that are too long, and says how many", async () => {
  await withTokenizer(async (tokenizer, folder) => {
    const dir = writeCeval(folder);
    Deno.writeTextFileSync(join(dir, "val/logic_val.csv"), `${header}0,${"长".repeat(200)},1,2,3,4,D\n`);
    const task = await prepareChoicesTask(inputOf(dir), { ...meta, shots: 0, bos: true }, setupOf(tokenizer, 300));
    const generator = new FakeScorer(tokenizer, () => "D");
    const { result } = await task.run(asTask(generator));
    assertEquals([result.facts["prompts_cut"], result.facts["context_length"]], [1, 300]);
    const lengths = generator.asked.map(({ context, continuation }) => context.length + continuation.length - 1);
    assertEquals(Math.max(...lengths), 300);
    const whole = generator.asked.filter(({ context }) => context[0] === tokenizer.bosId);
    assertEquals([whole.length, generator.asked.length], [8, 12]);
    assertEquals(result.metrics[0]?.before.value, 1 / 3);
  });
});

Deno.test("a task of choices says which subject or which examples are missing", async () => {
  await withTokenizer(async (tokenizer, folder) => {
    const input = inputOf(writeCeval(folder));
    const prepare = (change: Partial<ChoicesTaskMeta>) => () =>
      prepareChoicesTask(input, { ...meta, ...change }, setupOf(tokenizer, 4000));
    await assertRejects(prepare({ shots: 2 }), Error, "wanted 2 examples of logic in dev, found 1");
    await assertRejects(prepare({ subjects: ["law", "art_studies"] }), Error, "val/art_studies_val.csv");
    await assertRejects(prepare({ format: "cmmlu", split: "test" }), Error, "test/SUBJECT.csv");
  });
});

Deno.test("evaluate scores choices as the generator does, and does not read the split without answers", async () => {
  await withFolder(async (folder) => {
    const dir = writeCeval(folder);
    const build = () => {
      const { base } = small(folder, {}, { maxPositions: 512 });
      return { base, report: evaluate({ base, tasks: [ceval(dir, { shots: 0, subjects: ["law"] })] }) };
    };
    const { targets } = await run(folder, build);
    const lines = samplesIn(targets.report.dir, "ceval");
    const device = await openDevice();
    using tokenizer = await loadTokenizer(join(targets.base.dir, "tokenizer"));
    const base = await loadBase(device, targets.base.dir);
    const generator = new TextGenerator(device, base, tokenizer);
    for (const { arguments: asked, resps } of lines) {
      const prompt: string = asked.gen_args_0.arg_0;
      const context = [tokenizer.bosId, ...tokenizer.encode(prompt)];
      for (const [i, letter] of ["A", "B", "C", "D"].entries()) {
        const whole = [tokenizer.bosId, ...tokenizer.encode(`${prompt} ${letter}`)];
        const [score] = await generator.score([{ context, continuation: whole.slice(context.length) }]);
        const wanted = score?.logprobs.reduce((a, b) => a + b, 0) ?? 0;
        assertEquals(asked[`gen_args_${i}`].arg_1, ` ${letter}`);
        assertAlmostEquals(Number(resps[i][0]), wanted, 1e-4);
      }
    }
    assertEquals(lines.length, 2);
    generator.close();
    device.close();
    Deno.writeTextFileSync(join(dir, "test/law_test.csv"), "changed");
    const ends: string[] = [];
    await run(folder, build, (event) => event.type === "stage-end" && ends.push(event.status));
    assertEquals(ends.at(-1), "cached");
  });
});

Deno.test("ceval() and cmmlu() refuse options that do not fit", () => {
  // @ts-expect-error there is no such split
  assertThrowsText(() => ceval("x", { split: "train" }), "split");
  assertThrowsText(() => cmmlu("x", { shots: -1 }), "shots");
  // @ts-expect-error no such option
  assertThrowsText(() => cmmlu("x", { shot: 1 }), "shot");
});

function assertThrowsText(build: () => unknown, text: string): void {
  let message = "";
  try {
    build();
  } catch (error) {
    message = String(error);
  }
  assert(message.includes(text), message);
}
