// deno task card-report: all that a person with a graphics card can find out for this project in under ten minutes.
import { fromFileUrl, join } from "@std/path";
import { chooseDevice } from "../kernels/machine/adapter.ts";
import { z } from "../mod.ts";
import { cardReportMessagesIn, endLines, progressLine } from "./card_report/messages.ts";
import { reportMarkdown } from "./card_report/markdown.ts";
import { CARD_PARTS, type CardReport } from "./card_report/report.ts";
import { type CardProgress, makeReport } from "./card_report/run.ts";
import { scrub, secretsHere } from "./card_report/scrub.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { runChild } from "./cli/child.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage, type Language } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { DEVICE_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { stopWords } from "./cli/stop_words.ts";

const options = z.object({
  minutes: z.number().positive().default(9.5),
  steps: z.number().int().min(1).default(100),
  only: z.array(z.enum(CARD_PARTS)).default([...CARD_PARTS]),
  outputPath: z.string().default("card-report"),
  ...DEVICE_OPTION,
  ...LANG_OPTION,
});

const project = fromFileUrl(new URL("../", import.meta.url));
/** Progress is told so often at most, and at the beginning of each part. */
const progressGapMs = 9_000;

/** Tells of progress on standard error, not too often. */
function teller(language: Language): (progress: CardProgress) => void {
  let last = { part: "", at: 0 };
  return (progress) => {
    const at = performance.now();
    if (progress.part === last.part && at - last.at < progressGapMs) return;
    last = { part: progress.part, at };
    console.error(progressLine(progress, language));
  };
}

/** Writes a report as Markdown and as JSON, both without secrets; gives their paths. */
async function write(report: CardReport, directory: string): Promise<string[]> {
  const clean = scrub(report, secretsHere());
  await Deno.mkdir(directory, { recursive: true });
  const name = `card-report-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`;
  const files = [join(directory, `${name}.md`), join(directory, `${name}.json`)];
  await Deno.writeTextFile(files[0]!, reportMarkdown(clean));
  await Deno.writeTextFile(files[1]!, `${JSON.stringify(clean, null, 1)}\n`);
  return files;
}

await runMain(detectLanguage(Deno.args), async (signal) => {
  const language = detectLanguage(Deno.args);
  const common = messagesIn(language);
  const messages = cardReportMessagesIn(language);
  const parsed = parseCommand(Deno.args, {
    task: "card-report",
    usage: "[options]",
    description: messages.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { ...common.options, ...messages.options }) }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { minutes, steps, only, outputPath, device } = checkValues(options, parsed.values, "card-report", language);
  if (device !== undefined) chooseDevice(device); // the children inherit the choice
  const folder = await Deno.makeTempDir({ prefix: "vicuna-card-" });
  try {
    const report = await makeReport({ limitMs: minutes * 60_000, steps, parts: only, folder }, {
      runDeno: (args, options) => {
        const env = { NO_COLOR: "1", LC_ALL: "C.UTF-8", INIT_CWD: folder, ...options.env };
        return runChild(Deno.execPath(), args, { ...options, env, cwd: project });
      },
      now: () => performance.now(),
      freeMemory: () => Deno.systemMemoryInfo().available,
      progress: teller(language),
    }, signal);
    console.log(endLines(await write(report, outputPath), language));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, stopWords(detectLanguage(Deno.args)));
