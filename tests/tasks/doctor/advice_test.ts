import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type AdviceCode, adviceOn, graveAdvice } from "../../../tasks/doctor/advice.ts";
import type { DeviceEntry, DeviceFacts } from "../../../tasks/doctor/facts.ts";
import { doctorMessagesIn } from "../../../tasks/doctor/messages.ts";

/** Lavapipe on an AVX-512 processor, which leaves nothing to advise on, but for what is changed. */
function facts(changes: Partial<DeviceFacts> = {}): DeviceFacts {
  return {
    description: "llvmpipe (LLVM 15.0.6, 512 bits)",
    backend: "vulkan",
    vendor: "65541",
    model: "0",
    architecture: "",
    software: true,
    unrolls: false,
    subgroupSize: 16,
    texels: true,
    features: [],
    os: "linux",
    driver: { name: "Mesa", version: "22.3.6" },
    vectorWidth: 512,
    avx512: true,
    dx12Compiler: null,
    devices: [],
    chosen: false,
    backendSet: false,
    ...changes,
  };
}

const entry = (name: string, changes: Partial<DeviceEntry> = {}): DeviceEntry => ({
  ...{ name, kind: "card", inUse: false, integrated: false, obstacle: null },
  ...changes,
});
const codes = (changes: Partial<DeviceFacts>) => adviceOn(facts(changes)).map(({ code }) => code);
const grave = (changes: Partial<DeviceFacts>) => graveAdvice(facts(changes)).map(({ code }) => code);
const card = { software: false, driver: null, vectorWidth: null } as const;

Deno.test("nothing is advised where nothing could be better", () => {
  assertEquals(codes({}), []);
  assertEquals(codes({ ...card, devices: [entry("a", { inUse: true }), entry("llvmpipe", { kind: "software" })] }), []);
});

Deno.test("OpenGL is grave, more so on a processor with AVX-512, and is all that is said of the driver", () => {
  const openGl = { backend: "gl", subgroupSize: 0 } as const;
  assertEquals(grave(openGl), ["openGl"]);
  const slower = (avx512: boolean) => adviceOn(facts({ ...openGl, avx512 }))[0]?.slower ?? NaN;
  assertEquals(slower(true) > slower(false), true);
  assertEquals(grave({ ...openGl, backendSet: true }), ["openGlSet"]);
});

Deno.test("missing subgroups are grave on a processor; on a card nobody knows how much they cost", () => {
  assertEquals(grave({ subgroupSize: 0 }), ["noSubgroups"]);
  assertEquals(codes({ ...card, subgroupSize: 0 }), ["noSubgroups"]);
  assertEquals(grave({ ...card, subgroupSize: 0 }), []);
});

Deno.test("Mesa before 23 is advised against on a processor without AVX-512 alone", () => {
  assertEquals(codes({ avx512: false }), ["oldMesa"]);
  assertEquals(grave({ avx512: false }), []); // it costs less than twice the time
  assertEquals(codes({ avx512: false, driver: { name: "Mesa", version: "23.0.0" } }), []);
  assertEquals(codes({ avx512: false, driver: null }), []);
  assertEquals(codes({ avx512: null }), []);
});

Deno.test("DX12 compiled by FXC is advised against, with DXC it is not", () => {
  const dx12 = { ...card, backend: "dx12", os: "windows" } as const;
  assertEquals(codes({ ...dx12, subgroupSize: 0 }), ["fxc"]);
  assertEquals(codes({ ...dx12, dx12Compiler: "Fxc" }), ["fxc"]);
  assertEquals(codes({ ...dx12, dx12Compiler: "dynamicdxc" }), []);
});

Deno.test("a laptop on its weaker card, and a processor beside a card, are told which card is idle", () => {
  const weak = entry("Intel UHD", { integrated: true, inUse: true });
  const strong = entry("NVIDIA RTX", { obstacle: "driver" });
  const [advice] = graveAdvice(facts({ ...card, devices: [weak, strong] }));
  assertEquals([advice?.code, advice?.device], ["weakerCard", { number: 1, name: "NVIDIA RTX" }]);
  const idle = graveAdvice(
    facts({ devices: [{ ...weak, inUse: false }, strong, entry("llvmpipe", { kind: "software" })] }),
  );
  assertEquals(idle.map(({ code, device }) => [code, device?.number]), [["idleCard", 1]]);
});

Deno.test("several cards are pointed out, unless one was chosen", () => {
  const devices = [entry("a", { inUse: true }), entry("b")];
  assertEquals(codes({ ...card, devices }), ["severalCards"]);
  assertEquals(grave({ ...card, devices }), []);
  assertEquals(codes({ ...card, devices, chosen: true }), []);
  assertEquals(codes({ ...card, devices: [devices[0]!, entry("b", { obstacle: "layer" })] }), []);
});

Deno.test("each piece of advice has words of its own in both languages, with factor, command and card", () => {
  const all: AdviceCode[] = [
    "openGl",
    "openGlSet",
    "noSubgroups",
    "oldMesa",
    "fxc",
    "weakerCard",
    "idleCard",
    "severalCards",
  ];
  const device = { number: 3, name: "a card" };
  const texts = new Set<string>();
  for (const code of all) {
    const advice = { code, ...(!["fxc", "severalCards"].includes(code) && { slower: 7 }), device };
    const en = doctorMessagesIn("en").advice(advice, "get it");
    const zh = doctorMessagesIn("zh").advice(advice, "get it");
    assertNotEquals(en, zh);
    if (advice.slower !== undefined) assertMatch(`${en}${zh}`, /about 7 times slower.*慢约 7 倍/s);
    for (const text of [en, zh]) {
      texts.add(text);
      if (code === "openGl") assertMatch(text, /get it/);
      if (/Card/.test(code)) assertMatch(text, /a card/);
    }
  }
  assertEquals(texts.size, 2 * all.length);
});
