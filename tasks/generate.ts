// deno task generate: answers one instruction with a base model, or with adapters of it side by side.
import { promptIds } from "../datasets/templates/build_sequence.ts";
import { templateFor } from "../datasets/templates/templates.ts";
import type { GenerationParams } from "../models/generation/request.ts";
import type { TextGenerator } from "../models/generation/text_generator.ts";
import type { Tokenizer } from "../models/tokenizer/tokenizer.ts";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage, type Language } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { visibleName } from "./cli/render/visible.ts";
import { UsageError } from "./cli/usage_error.ts";
import { generateMessagesIn } from "./generate/messages.ts";
import { templateNameFor } from "./generation/conversation.ts";
import { GENERATION_OPTIONS, ineffectiveLine, paramsOf } from "./generation/generation_flags.ts";
import { generationMessagesIn } from "./generation/messages.ts";
import { openGenerator } from "./generation/open_generator.ts";
import { chosenBase, MODEL_OPTIONS, namedAdapters, nameOfBase, templateOptionsOf } from "./generation/options.ts";
import { writeAnswer } from "./generation/write_answer.ts";

const options = z.object({
  ...MODEL_OPTIONS,
  input: z.string().default(""),
  raw: z.string().optional(),
  compare: z.boolean().default(false),
  ...GENERATION_OPTIONS,
});
type Options = z.output<typeof options>;

/** Parses the command line; undefined when help was printed. */
function readArguments(
  args: string[],
  language: Language,
): { options: Options; instruction: string | undefined } | undefined {
  const common = messagesIn(language);
  const messages = generateMessagesIn(language);
  const { modelOptions, generationOptions } = generationMessagesIn(language);
  const parsed = parseCommand(args, {
    task: "generate",
    usage: '[--base-model FOLDER] [--lora-path FOLDER] "INSTRUCTION" [options]',
    description: messages.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(options, { ...common.options, ...modelOptions, ...generationOptions, ...messages.options }),
    }],
    operands: { name: "instruction", required: false },
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  const checked = checkValues(options, parsed.values, "generate", language);
  const instruction = parsed.operands.join(" ") || undefined;
  if ((instruction === undefined) === (checked.raw === undefined)) {
    throw new UsageError(messages.eitherInstruction);
  }
  return { options: checked, instruction };
}

function promptOf(options: Options, instruction: string | undefined, tokenizer: Tokenizer): number[] {
  const { raw, input, template } = options;
  if (raw !== undefined || instruction === undefined) return tokenizer.encodeRaw(raw ?? "");
  const chosen = templateFor(templateNameFor(template, tokenizer), tokenizer, templateOptionsOf(options));
  return promptIds({ instruction, input }, chosen, tokenizer);
}

/** Who answers: an adapter, or the base. */
interface Speaker {
  readonly name: string;
  readonly adapter: string | undefined;
}

/** Writes the answer of each, computed together: the first as it comes, the others after it. */
async function answerAll(
  generator: TextGenerator,
  speakers: readonly Speaker[],
  prompt: readonly number[],
  params: GenerationParams,
  signal: AbortSignal,
): Promise<void> {
  const answer = async ({ adapter }: Speaker, say: (text: string) => Promise<void> | void) => {
    for await (const event of generator.stream({ prompt, adapter, params, signal })) {
      if (event.type === "text") await say(event.text);
    }
  };
  const [first, ...others] = speakers;
  if (!first) return;
  const heading = ({ name }: Speaker) => speakers.length > 1 ? `# ${visibleName(name)}\n` : "";
  const later = Promise.all(others.map(async (speaker) => {
    let text = "";
    await answer(speaker, (more) => void (text += more));
    return `\n${heading(speaker)}${text}\n`;
  }));
  later.catch(() => {}); // told below, after the first one's
  await writeAnswer(heading(first));
  await answer(first, writeAnswer);
  await writeAnswer("\n");
  for (const text of await later) await writeAnswer(text);
}

const language = detectLanguage(Deno.args);

await runMain(language, async (signal) => {
  const read = readArguments(Deno.args, language);
  if (!read) return;
  const { options, instruction } = read;
  const params = paramsOf(options);
  const line = ineffectiveLine(params, language);
  if (line !== undefined) console.error(line);
  const baseModel = chosenBase(options.baseModel);
  const base = await nameOfBase(baseModel);
  const adapters = namedAdapters(options.loraPath, base, language);
  const speakers: Speaker[] = [
    ...(options.compare || adapters.length === 0 ? [{ name: base, adapter: undefined }] : []),
    ...adapters.map(({ name }) => ({ name, adapter: name })),
  ];
  const sizeFor = (tokenizer: Tokenizer) => ({
    positions: Math.min(options.contextLength, promptOf(options, instruction, tokenizer).length + params.maxNewTokens),
    slots: speakers.length * params.beams,
    cacheBytes: Infinity,
  });
  const source = { ...options, baseModel, adapters, signal, sizeFor };
  const opened = await openGenerator(source, (line) => console.error(line));
  try {
    const { generator, tokenizer } = opened;
    const prompt = promptOf(options, instruction, tokenizer);
    if (prompt.length >= generator.positions) {
      throw new UsageError(
        `generate: the prompt has ${prompt.length} tokens, the model ${generator.positions} positions: shorten it`,
      );
    }
    await answerAll(generator, speakers, prompt, params, signal);
  } finally {
    opened.close();
  }
});
