// deno task generate: answers one instruction with a base model and, if given, an adapter.
import { join } from "@std/path";
import { promptIds } from "../datasets/build_sequence.ts";
import { TEMPLATE_NAMES, templateFor } from "../datasets/templates.ts";
import { openDevice } from "../kernels/device.ts";
import { streamAnswer } from "../models/generation/answer.ts";
import { type BaseWeights, loadBase } from "../models/base_file.ts";
import { readAdapter } from "../models/formats/adapter.ts";
import { Generator } from "../models/generation/generator.ts";
import { Lora } from "../models/lora.ts";
import { loadTokenizer } from "../models/tokenizer.ts";
import { modelNamed, pipeline, quantize, runPipeline, z } from "../mod.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf, kebabCase } from "./cli/flags.ts";
import { detectLanguage, LANGUAGES } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { UsageError } from "./cli/usage_error.ts";

const options = z.object({
  baseModel: z.string().describe("folder of the base model, or owner/name on the Hugging Face hub").meta({
    zh: "基座模型文件夹，或 Hugging Face 上的 owner/name",
    aliases: ["base_model", "model_path"],
  }),
  loraPath: z.string().optional().describe("folder of a PEFT adapter").meta({
    zh: "PEFT 适配器文件夹",
    aliases: ["lora_path"],
  }),
  input: z.string().default("").describe("further text that the instruction is about").meta({
    zh: "指令所针对的输入文本",
  }),
  raw: z.string().optional().describe('text to go on from as it is, without a template; "" starts from nothing').meta({
    zh: '不套模板，直接续写这段文本；"" 表示从头开始',
  }),
  template: z.enum(TEMPLATE_NAMES).default("alpaca").describe(
    "prompt template; alpaca-legacy for adapters trained with Chinese-Vicuna",
  ).meta({ zh: "提示模板；用 Chinese-Vicuna 训练的适配器选 alpaca-legacy" }),
  bits: z.literal([4, 8, 32]).default(8).describe("bits of a base weight").meta({ zh: "基座权重位数" }),
  maxNewTokens: z.number().int().min(1).default(128).describe("most tokens of the answer").meta({
    zh: "回答最多的 token 数",
  }),
  temperature: z.number().min(0).default(0).describe("0 takes the most likely token each time; higher is more varied")
    .meta({ zh: "0 表示每次取最可能的 token；越高越多样" }),
  topP: z.number().gt(0).max(1).default(1).describe("sample among the most likely tokens with this total probability")
    .meta({ zh: "只在累计概率达到该值的 token 中采样" }),
  topK: z.number().int().min(0).default(0).describe("sample among so many most likely tokens; 0 for all").meta({
    zh: "只在最可能的若干 token 中采样；0 表示全部",
  }),
  seed: z.number().int().min(0).max(0x7fffffff).default(0).describe("seed of the sampling").meta({
    zh: "采样的随机种子",
  }),
  cacheDir: z.string().default(".vicuna").describe("folder of the cache, where the quantised base is kept").meta({
    zh: "缓存文件夹，量化后的基座存于此",
  }),
  lang: z.enum(LANGUAGES).optional().describe("language of messages").meta({ zh: "提示信息的语言" }),
});
type Options = z.output<typeof options>;

/** Parses the command line; undefined when help was printed. */
function readArguments(args: string[]): { options: Options; instruction: string | undefined } | undefined {
  const language = detectLanguage(args);
  const zh = language === "zh";
  const messages = messagesIn(language);
  const parsed = parseCommand(args, {
    name: "deno task generate",
    usage: '--base-model FOLDER [--lora-path FOLDER] "INSTRUCTION" [options]',
    description: zh
      ? "用基座模型和（可选的）适配器回答一条指令，边生成边输出。"
      : "Answers one instruction with a base model and, if given, an adapter, printing as it goes.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(options) }],
    operands: { name: "instruction", required: false },
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  const checked = options.safeParse(parsed.values);
  if (!checked.success) {
    const lines = checked.error.issues.map(({ path, message, code }) => {
      const flag = `--${kebabCase(path.map(String).join("."))}`;
      return parsed.values[String(path[0])] === undefined && code === "invalid_type"
        ? messages.missingFlag(flag)
        : `${flag}: ${message}`;
    });
    throw new UsageError(`${lines.join("\n")}\n${messages.seeHelp("deno task generate")}`);
  }
  const instruction = parsed.operands.join(" ") || undefined;
  if ((instruction === undefined) === (checked.data.raw === undefined)) {
    throw new UsageError(zh ? "请给出一条指令，或用 --raw 给出文本" : "give either an instruction or --raw TEXT");
  }
  if (checked.data.temperature === 0 && (parsed.values["topP"] !== undefined || parsed.values["topK"] !== undefined)) {
    console.error(
      zh
        ? "--temperature 为 0 时，--top-p 和 --top-k 不起作用"
        : "--top-p and --top-k have no effect at --temperature 0",
    );
  }
  return { options: checked.data, instruction };
}

/** Quantises the base once; later calls take it from the cache. */
async function quantizedBase({ baseModel, bits, cacheDir }: Options, signal: AbortSignal): Promise<string> {
  const definition = pipeline({
    name: "generate",
    options: z.object({}),
    build: () => ({ base: quantize({ model: modelNamed(baseModel), bits }) }),
  });
  const run = await runPipeline(definition, {
    cacheDir,
    signal,
    onEvent: (event) => {
      if (event.type === "stage-start") console.error(`${event.stage} …`);
    },
  });
  return run.targets.base.dir;
}

async function loadLora(base: BaseWeights, device: Lora["device"], path: string): Promise<Lora> {
  const adapter = await readAdapter(path);
  const lora = new Lora(device, base.config, adapter, false);
  lora.load(adapter);
  return lora;
}

await runMain(detectLanguage(Deno.args), async (signal) => {
  const read = readArguments(Deno.args);
  if (!read) return;
  const { options, instruction } = read;
  // Read the adapter's files before the long part, so that a wrong path is told at once.
  const { loraPath } = options;
  if (loraPath !== undefined) await readAdapter(loraPath);
  const directory = await quantizedBase(options, signal);
  const device = await openDevice();
  try {
    const base = await loadBase(device, directory);
    const lora = loraPath === undefined ? undefined : await loadLora(base, device, loraPath);
    using tokenizer = await loadTokenizer(join(directory, "tokenizer"));
    const template = templateFor(options.template, tokenizer);
    const prompt = options.raw === undefined
      ? promptIds({ instruction: instruction!, input: options.input }, template, tokenizer)
      : [tokenizer.bosId, ...tokenizer.encode(options.raw)];
    const length = prompt.length;
    if (length >= base.config.maxPositions) {
      throw new UsageError(
        `generate: the prompt has ${length} tokens, the model ${base.config.maxPositions} positions: shorten it`,
      );
    }
    const generator = new Generator(
      device,
      base,
      Math.min(base.config.maxPositions, length + options.maxNewTokens),
      lora,
    );
    const encoder = new TextEncoder();
    for await (const piece of streamAnswer(generator, tokenizer, prompt, { ...options, signal })) {
      await Deno.stdout.write(encoder.encode(piece));
    }
    await Deno.stdout.write(encoder.encode("\n"));
    generator.close();
  } finally {
    device.close();
  }
});
