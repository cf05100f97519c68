// deno task chat: talks to a model in the terminal.
import { chatLoop } from "./chat/chat_loop.ts";
import { PipedLines } from "./chat/line_source.ts";
import { chatMessagesIn } from "./chat/messages.ts";
import { type ChatOptions, readChatOptions } from "./chat/options.ts";
import { ChatSession } from "./chat/session.ts";
import { TerminalLines } from "./chat/terminal_lines.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { visibleName } from "./cli/render/visible.ts";
import { templateNameFor } from "./generation/conversation.ts";
import { ineffectiveLine, paramsOf, publishersLine } from "./generation/generation_flags.ts";
import { openGenerator } from "./generation/open_generator.ts";
import { chosenBase, namedAdapters, nameOfBase, templateOptionsOf } from "./generation/options.ts";
import { writeAnswer } from "./generation/write_answer.ts";

const language = detectLanguage(Deno.args);
const messages = chatMessagesIn(language);
let stopAnswer: (() => void) | undefined;

const notice = (text: string) => console.error(text);

async function chat(options: ChatOptions, signal: AbortSignal): Promise<void> {
  const templateOptions = templateOptionsOf(options);
  const baseModel = chosenBase(options.baseModel);
  const model = await nameOfBase(baseModel);
  const adapters = namedAdapters(options.loraPath, model, language);
  const size = { positions: options.contextLength, slots: options.beams };
  const opened = await openGenerator({ ...options, ...size, baseModel, adapters, signal }, notice);
  try {
    const { generator, tokenizer } = opened;
    const template = templateNameFor(options.template, tokenizer);
    const { sampling } = tokenizer.generation;
    const params = paramsOf(options, sampling, options.given);
    for (const line of [publishersLine(sampling, language), ineffectiveLine(params, language)]) {
      if (line !== undefined) notice(line);
    }
    const { maxMemory, system } = options;
    const session = new ChatSession(generator, model, template, { params, maxMemory, system }, templateOptions);
    const typed = Deno.stdin.isTerminal();
    if (typed) notice(messages.welcome(visibleName(session.speaker), generator.positions));
    const failures = await chatLoop({
      ...{ session, language, signal, write: writeAnswer, notice, show: notice, file: undefined },
      lines: typed ? new TerminalLines(signal) : new PipedLines(Deno.stdin.readable),
      onAnswer: (stop) => stopAnswer = stop,
    });
    // Nobody saw them as they came.
    if (failures > 0 && !typed) Deno.exitCode = 1;
  } finally {
    opened.close();
  }
}

await runMain(
  language,
  async (signal) => {
    const options = readChatOptions(Deno.args, language);
    if (options !== undefined) await chat(options, signal);
  },
  messagesIn(language).servingWords,
  () => {
    stopAnswer?.();
    return stopAnswer !== undefined;
  },
);
