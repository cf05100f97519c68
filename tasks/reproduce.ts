// `deno task reproduce [NAME|FILE] [options]`: computes a locked pipeline into an empty cache and compares.
import Table from "cli-table3";
import { join, resolve } from "@std/path";
import { type ComparedStage, compareWithLock, LockCollector, runObserved } from "../pipeline/core/upkeep.ts";
import { chooseDevice } from "../kernels/machine/adapter.ts";
import { z } from "../mod.ts";
import { chooseRenderer } from "./cli/render/choose_renderer.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { loadPipeline } from "./cli/load_pipeline.ts";
import { lockOf } from "./cli/options/locked_options.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { CACHE_OPTIONS, DEVICE_OPTION } from "./cli/options/shared_options.ts";
import { reproduceMessagesIn } from "./reproduce/messages.ts";

const language = detectLanguage(Deno.args);
const messages = reproduceMessagesIn(language);
const common = messagesIn(language);

const options = z.object({
  checkDevice: z.boolean().default(false),
  tolerance: z.number().min(0).default(0.02),
  cacheDir: CACHE_OPTIONS.cacheDir,
  ...DEVICE_OPTION,
  json: CACHE_OPTIONS.json,
  lang: CACHE_OPTIONS.lang,
});

function outcome({ verdict }: ComparedStage): string {
  switch (verdict.type) {
    case "identical":
      return messages.identical;
    case "close": {
      const percent = `${(verdict.difference * 100).toFixed(2)} %`;
      return messages.close(percent);
    }
    case "differs":
      return `${messages.differs}: ${verdict.detail}`;
    case "drifted":
      return `${messages.drifted}: ${verdict.changes.join(", ")}`;
    case "missing":
      return messages.missing;
    default:
      return verdict satisfies never;
  }
}

await runMain(language, async (signal) => {
  const parsed = parseCommand(Deno.args, {
    task: "reproduce",
    usage: "[NAME|FILE] [options]",
    description: messages.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { ...common.options, ...messages.options }) }],
    operands: { name: "NAME|FILE", required: false },
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const values = checkValues(options, parsed.values, "reproduce", language);
  const { cacheDir, json, tolerance, checkDevice, device } = values;
  if (device !== undefined) chooseDevice(device);
  const loaded = await loadPipeline(parsed.operands[0] ?? "quickstart", common);
  const locked = await lockOf(loaded, {}, common);

  await Deno.mkdir(resolve(cacheDir), { recursive: true });
  const fresh = await Deno.makeTempDir({ dir: resolve(cacheDir), prefix: "reproduce-" });
  const collector = new LockCollector();
  const renderer = chooseRenderer(json, common);
  try {
    await runObserved(loaded.pipeline, {
      name: loaded.name,
      options: locked.options,
      cacheDir: join(fresh, "cache"),
      signal,
      onEvent: (event) => renderer.show(event),
    }, [collector]);
  } finally {
    renderer.close();
    await Deno.remove(fresh, { recursive: true });
  }
  const stages = compareWithLock(locked, collector.locked(locked.options), tolerance);
  const accepted = checkDevice ? ["identical"] : ["identical", "close"];
  const reproduced = stages.every(({ verdict }) => accepted.includes(verdict.type));
  if (json) console.log(JSON.stringify({ type: "reproduction", reproduced, stages }));
  else {
    const table = new Table({
      head: [...messages.columns],
      style: { head: [], border: [] },
    });
    const digest = (stage: { digest: string } | undefined) => stage?.digest.slice(0, 12) ?? "";
    for (const row of stages) table.push([row.stage, digest(row.locked), digest(row.found), outcome(row)]);
    console.log(`${table}`);
    console.log(reproduced ? messages.reproduced : messages.notReproduced);
  }
  if (!reproduced) Deno.exitCode = 1;
});
