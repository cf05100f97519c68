// deno task card-report: all that a person with a graphics card can find out for this project in under ten minutes.
import { fromFileUrl, join } from "@std/path";
import { chooseDevice } from "../kernels/machine/adapter.ts";
import { z } from "../mod.ts";
import { endLines, progressLine } from "./card_report/messages.ts";
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
import { DEVICE_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { STOP_WORDS } from "./cli/stop_words.ts";

const options = z.object({
  minutes: z.number().positive().default(9.5).describe("minutes that it may take").meta({ zh: "最多用时（分钟）" }),
  steps: z.number().int().min(1).default(100).describe("training steps of the quickstart").meta({
    zh: "quickstart 的训练步数",
  }),
  only: z.array(z.enum(CARD_PARTS)).default([...CARD_PARTS]).describe("parts to take; needed only when asked for").meta(
    {
      zh: "只做其中几项；只在我们请求时才需要",
    },
  ),
  outputPath: z.string().default("card-report").describe("folder for the two files").meta({
    zh: "两个文件所在的文件夹",
  }),
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
  const zh = language === "zh";
  const parsed = parseCommand(Deno.args, {
    task: "card-report",
    usage: "[options]",
    description: zh
      ? "在十分钟内测出我们想知道的关于本机显卡的一切，写成两个可以发给我们的文件：驱动与自检、数值测试、速度、一小段训练。不会自动发送。"
      : "Finds out what we want to know of this machine's graphics card, in under ten minutes: driver and self-check, numeric " +
        "tests, speed, a little training. Writes two files that you can send us; it sends nothing itself.",
    groups: [{ heading: zh ? "选项：" : "Options:", flags: flagsOf(options) }],
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
}, STOP_WORDS[detectLanguage(Deno.args)]);
