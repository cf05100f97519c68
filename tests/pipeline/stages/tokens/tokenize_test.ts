import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../../datasets/errors.ts";
import { TokenReader } from "../../../../datasets/tokens/token_reader.ts";
import { template } from "../../../../datasets/templates/templates.ts";
import { loadTokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { inputFolder, type PipelineEvent } from "../../../../pipeline/core/mod.ts";
import { tokenizer } from "../../../../pipeline/stages/kinds.ts";
import { merge } from "../../../../pipeline/stages/merge.ts";
import { embeddedSamples } from "../../../../pipeline/stages/embedded_samples.ts";
import { rows } from "../../../../pipeline/stages/sources.ts";
import { tokenize, type TokenizeParams } from "../../../../pipeline/stages/tokens/tokenize.ts";
import { run, smallTokenizer, withFolder, writeRows } from "../running.ts";

const HELD = "一二三四五六七八九十";

/** One row fits, one has a long answer, one a long prompt, one a control token as text. */
const ROWS = [
  { instruction: "一", input: "", output: "二三" },
  { instruction: "四五", input: "", output: HELD.repeat(40) },
  { instruction: HELD.repeat(40), input: "", output: "六" },
  { instruction: "七", input: "八", output: "</s>" },
];

/** Tokenises {@link ROWS}, all of them to train on. */
async function tokenizeRows(folder: string, params: TokenizeParams, onEvent?: (event: PipelineEvent) => void) {
  const path = writeRows(folder, "rows.json", ROWS);
  // A tokenizer that knows the template alone spells Chinese in bytes, three tokens a character.
  const prompts = ["", "input"].map((input) => template("alpaca").prompt({ instruction: "", input }));
  const input = smallTokenizer(folder, [...prompts, ...prompts], 600);
  const build = () => ({
    tokens: tokenize({ data: merge({ sources: [rows(path)], validation: 0 }), tokenizer: input, ...params }),
  });
  return (await run(folder, build, onEvent)).targets.tokens;
}

Deno.test("tokenize() cuts long rows, drops rows without a label, and counts both", async () => {
  await withFolder(async (folder) => {
    const messages: string[] = [];
    const tokens = await tokenizeRows(folder, {}, (event) => {
      if (event.type === "stage-log" && event.level === "warn") messages.push(event.message);
    });
    const { train, validation, vocabSize, ...rest } = tokens.meta;
    assertEquals(rest, { maxTokens: 256, longRows: "cut", template: "alpaca", trainOn: "answers" });
    assertEquals([train.rows, train.truncated, train.dropped, train.longest], [3, 1, 1, 256]);
    assertEquals(validation, {
      rows: 0,
      tokens: 0,
      labelledTokens: 0,
      longest: 0,
      truncated: 0,
      dropped: 0,
      tooLong: 0,
    });
    assertEquals(messages, [
      "1 of 4 rows are longer than 256 tokens: their ends are cut off",
      "1 of 4 rows are dropped: nothing of the answer is left within 256 tokens",
    ]);
    using reader = new TokenReader(tokens.dir, "train", vocabSize);
    assertEquals([reader.rows, reader.tokens], [train.rows, train.tokens]);
    const labelled = [0, 1, 2].map((row) => reader.row(row).labelled.filter((byte) => byte === 1).length);
    assertEquals(labelled.reduce((sum, count) => sum + count), train.labelledTokens);
    assertEquals(
      [...tokens.files].toSorted(),
      ["report.json", "train.ids", "train.labels", "train.lengths"].concat(
        ["validation.ids", "validation.jsonl", "validation.labels", "validation.lengths"],
      ),
    );
  });
});

Deno.test("tokenize() labels the answer and eos, or all but bos, and keeps control tokens in text plain", async () => {
  await withFolder(async (folder) => {
    for (const trainOnInputs of [false, true]) {
      const tokens = await tokenizeRows(folder, { trainOnInputs, maxTokens: 2000 });
      using loaded = await loadTokenizer(join(folder, "tokenizer"));
      using reader = new TokenReader(tokens.dir, "train", tokens.meta.vocabSize);
      assertEquals([reader.rows, tokens.meta.train.truncated], [4, 0]);
      for (let index = 0; index < reader.rows; index++) {
        const { ids, labelled } = reader.row(index);
        assertEquals([ids[0], ids.at(-1)], [loaded.bosId, loaded.eosId]);
        assertEquals([...ids].filter((id) => id === loaded.eosId || id === loaded.bosId).length, 2);
        const row = ROWS.find((row) => loaded.decode(ids) === template("alpaca").prompt(row) + row.output)!;
        const learnt = loaded.decode(ids.filter((_, at) => labelled[at] === 1));
        const wanted = trainOnInputs ? template("alpaca").prompt(row) + row.output : row.output;
        assertEquals(learnt.trim(), wanted.trim());
        assertEquals(labelled.at(-1), 1);
      }
    }
  });
});

Deno.test("tokenize() says what to do when no row is left to train on", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => tokenizeRows(folder, { maxTokens: 16 }),
      DataError,
      "tokenize: wanted rows to train on, found none: the prompts of all 4 rows fill the 16 tokens that maxTokens " +
        "allows, so that no answer is left; raise maxTokens",
    );
  });
});

Deno.test("tokenize() keeps the text of the validation rows beside their ids, and the same bytes each time", async () => {
  await withFolder(async (folder) => {
    const digests: string[] = [];
    for (const name of ["one", "two"]) {
      const own = join(folder, name);
      Deno.mkdirSync(own);
      const input = smallTokenizer(own, ["你好 hello", "等于多少"], 300);
      const { targets: { data, tokens } } = await run(own, () => {
        const data = merge({
          sources: [embeddedSamples({ form: "belle" }), embeddedSamples({ form: "guanaco" })],
          validation: 40,
        });
        return { data, tokens: tokenize({ data, tokenizer: input }) };
      });
      assertEquals(
        Deno.readTextFileSync(join(tokens.dir, "validation.jsonl")),
        Deno.readTextFileSync(join(data.dir, "validation.jsonl")),
      );
      const { validation, train } = tokens.meta;
      assertEquals([validation.rows + validation.dropped, train.rows + train.dropped], [40, data.meta.train]);
      digests.push(tokens.digest);
    }
    assertEquals(digests[0], digests[1]);
  });
});

Deno.test("tokenize() is cached for defaults written out, and runs again for another length", async () => {
  await withFolder(async (folder) => {
    const statuses: string[] = [];
    const watch = (event: PipelineEvent) => {
      if (event.type === "stage-end") statuses.push(`${event.stage} ${event.status}`);
    };
    await tokenizeRows(folder, {}, watch);
    await tokenizeRows(folder, { maxTokens: 256, template: "alpaca" }, watch);
    await tokenizeRows(folder, { maxTokens: 255 }, watch);
    assertEquals(statuses, [
      "merge ran",
      "tokenize ran",
      "merge cached",
      "tokenize cached",
      "merge cached",
      "tokenize ran",
    ]);
  });
});

const model = new URL("../../../../../shared/data/tinystories-260k/", import.meta.url).pathname;
const seeds = new URL("../../../../../shared/data/belle/zh_seed_tasks.json", import.meta.url).pathname;
const present = [join(model, "tokenizer.json"), seeds].every((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

Deno.test({
  name: `tokenize() turns BELLE's seed tasks into ids of a real tokenizer${
    present ? "" : " (skipped: data is absent)"
  }`,
  ignore: !present,
  async fn() {
    await withFolder(async (folder) => {
      const include = (name: string) => name.startsWith("tokenizer");
      const { targets: { tokens } } = await run(folder, () => ({
        tokens: tokenize({
          data: merge({ sources: [rows(`belle:${seeds}`)], validation: 20 }),
          tokenizer: inputFolder(tokenizer, model, { include, meta: { vocabSize: 512 } }),
        }),
      }));
      const { train, vocabSize } = tokens.meta;
      assertEquals(vocabSize, 512);
      assert(train.truncated > 50, "three tokens a Chinese character: most rows exceed 256");
      assert(train.rows > 50 && train.labelledTokens > train.rows && train.longest === 256);
      using reader = new TokenReader(tokens.dir, "train", vocabSize);
      using loaded = await loadTokenizer(model);
      assertStringIncludes(loaded.decode(reader.row(0).ids), "Below is an instruction that describes a task");
    });
  },
});

Deno.test("tokenize() learns every answer of a conversation or the last one, and leaves long rows out when asked to", async () => {
  await withFolder(async (folder) => {
    const conversation = { input: ["一", "三"], output: ["二", "四"] };
    const long = { input: ["五"], output: [HELD.repeat(40)] };
    const path = writeRows(folder, "chat.json", [conversation, long]);
    const input = smallTokenizer(folder, [template("chat").prompt({ instruction: "", input: "" })], 600);
    const learnt = async (params: TokenizeParams) => {
      const build = () => ({
        tokens: tokenize({
          data: merge({ sources: [rows(path)], validation: 0 }),
          tokenizer: input,
          template: "chat",
          longRows: "drop",
          ...params,
        }),
      });
      const { targets: { tokens } } = await run(folder, build);
      assertEquals([tokens.meta.train.rows, tokens.meta.train.tooLong], [1, 1]);
      using loaded = await loadTokenizer(join(folder, "tokenizer"));
      using reader = new TokenReader(tokens.dir, "train", tokens.meta.vocabSize);
      const { ids, labelled } = reader.row(0);
      assertEquals(labelled.at(-1), 1, "eos is learnt");
      return loaded.decode(ids.filter((_, at) => labelled[at] === 1));
    };
    assertEquals(await learnt({}), "二四");
    assertEquals(await learnt({ trainOn: "last" }), "四");
    assert((await learnt({ trainOn: "all" })).endsWith("User:一\n\nAssistant:二\n\nUser:三\n\nAssistant:四"));
  });
});

Deno.test("tokenize() names file and line of a row that a chat template refuses", async () => {
  await withFolder(async (folder) => {
    const path = writeRows(folder, "rows.json", [
      ...["一", "三", "五", "七"].map((instruction) => ({ instruction, input: "", output: "二" })),
      { instruction: "四", input: "", output: "五", system: "be kind" },
    ]);
    const data = merge({ sources: [rows(`alpaca:${path}`)], validation: 0 });
    const { targets } = await run(folder, () => ({ data }));
    const lines = (await Deno.readTextFile(join(targets.data.dir, "train.jsonl"))).split("\n");
    const line = lines.findIndex((text) => text.includes("be kind")) + 1;
    assert(line > 1, "the first line would prove less");

    smallTokenizer(folder, ["一二三四五"], 400);
    const tokenizerFolder = join(folder, "tokenizer");
    const chat =
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system text') }}{% endif %}" +
      "{{ m.content }}</s>{% endfor %}";
    await Deno.writeTextFile(join(tokenizerFolder, "chat_template.jinja"), chat);
    const input = inputFolder(tokenizer, tokenizerFolder, { include: () => true, meta: { vocabSize: 400 } });
    const error = await assertRejects(
      () => run(folder, () => ({ tokens: tokenize({ data, tokenizer: input, template: "tokenizer" }) })),
      DataError,
    );
    const where = `${join(targets.data.dir, "train.jsonl")}:${line}: row of rows.json: chat_template: `;
    assertStringIncludes(error.message, `${where}it refused a conversation: no system text`);
  });
});
