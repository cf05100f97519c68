import { assertEquals, assertMatch } from "@std/assert";
import type { PipelineEvent } from "../../../pipeline/core/mod.ts";
import { adviseOnce } from "../../../tasks/cli/advise_once.ts";

/** A card that leaves nothing to advise on, whatever the machine has. */
const card = {
  ...{ description: "a card", backend: "vulkan", vendor: "0", model: "0", architecture: "" },
  ...{ software: false, subgroupSize: 32, features: [] },
};

/** The warnings that follow these devices. */
function warnings(language: "en" | "zh", ...devices: Extract<PipelineEvent, { type: "stage-device" }>["facts"][]) {
  const shown: PipelineEvent[] = [];
  const renderer = adviseOnce({ show: (event) => shown.push(event), close: () => {} }, language);
  for (const facts of devices) renderer.show({ type: "stage-device", stage: "train", device: "a device", facts });
  assertEquals(shown.filter(({ type }) => type === "stage-device").length, devices.length);
  return shown.flatMap((event) => event.type === "stage-log" ? [`${event.stage} ${event.level} ${event.message}`] : []);
}

Deno.test("a device that is much slower than it could be is warned of once, in the person's language", () => {
  const slow = { ...card, software: true, backend: "gl", subgroupSize: 0 };
  const [warning, ...more] = warnings("en", slow, slow);
  assertMatch(warning ?? "", /^train warn computing through OpenGL.* times slower/);
  assertEquals(more, []);
  assertMatch(warnings("zh", slow)[0] ?? "", /^train warn .*OpenGL 计算.*慢约 \d+ 倍/);
});

Deno.test("nothing is said of a device as quick as it can be, nor of one that nothing is known of", () => {
  assertEquals(warnings("en", card, {}), []);
});
