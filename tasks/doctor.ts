// deno task doctor: says what there is to compute with, whether it computes right, and what could be better.
import { statfs } from "node:fs/promises";
import { chooseDevice, requestAdapter } from "../kernels/machine/adapter.ts";
import { openDevice } from "../kernels/gpu/device.ts";
import { listDevices } from "../kernels/machine/device_list.ts";
import { selfCheck } from "../kernels/self_check/self_check.ts";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage, type Language } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { DEVICE_OPTION, JSON_OPTION, LANG_OPTION } from "./cli/options/shared_options.ts";
import { doctorMessagesIn } from "./doctor/messages.ts";
import { deviceLines, doctorReport, reportLines } from "./doctor/report.ts";

const options = z.object({
  devices: z.boolean().default(false),
  ...DEVICE_OPTION,
  ...JSON_OPTION,
  ...LANG_OPTION,
});

function printDevices(json: boolean, language: Language): void {
  const devices = listDevices().map(({ name, kind, obstacle }) => ({ name, kind, obstacle: obstacle ?? null }));
  if (json) return console.log(JSON.stringify({ devices }));
  console.log(deviceLines(devices, language).join("\n") || doctorMessagesIn(language).noDevices);
}

const language = detectLanguage(Deno.args);

await runMain(language, async () => {
  const common = messagesIn(language);
  const messages = doctorMessagesIn(language);
  const parsed = parseCommand(Deno.args, {
    task: "doctor",
    usage: "[options]",
    description: messages.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(options, { ...common.options, json: common.options.jsonObject, ...messages.options }),
    }],
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { json, devices, device: wanted } = checkValues(options, parsed.values, "doctor", language);
  if (devices) return printDevices(json, language);
  if (wanted !== undefined) chooseDevice(wanted);
  const adapter = await requestAdapter();
  const device = await openDevice();
  try {
    const report = await doctorReport(device, adapter, await selfCheck(device));
    const disk = await statfs(Deno.cwd());
    const freeDisk = disk.bavail * disk.bsize;
    console.log(json ? JSON.stringify({ ...report, freeDisk }) : reportLines(report, freeDisk, language).join("\n"));
    if (!report.healthy) Deno.exitCode = 1;
  } finally {
    device.close();
  }
});
