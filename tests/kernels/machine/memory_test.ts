import { assertEquals, assertStringIncludes } from "@std/assert";
import type { AdapterInfo } from "../../../kernels/machine/adapter.ts";
import type { System } from "../../../kernels/machine/card_memory.ts";
import { memoryAtHand, probeMemory } from "../../../kernels/machine/memory.ts";
import { explainOutOfMemory } from "../../../kernels/gpu/out_of_memory.ts";

const GiB = 2 ** 30;

/** A machine on which nothing can be asked but what is given: files by path, and what programs print. */
function machine(
  { os = "linux", files = {}, programs = {} }: {
    os?: System["os"];
    files?: Record<string, string | number>;
    programs?: Record<string, string>;
  },
): System {
  return {
    os,
    list: (folder) => [
      ...new Set(
        Object.keys(files).filter((path) => path.startsWith(`${folder}/`))
          .map((path) => path.slice(folder.length + 1).split("/")[0]!),
      ),
    ],
    read: (path) => path in files ? `${files[path]}\n` : undefined,
    run: (program, args) => Promise.resolve(programs[[program, ...args].join(" ")]),
    available: () => 10e9,
  };
}

function amdCard(name: string, card: { device: string; total: number; used?: number; visible?: number }) {
  const folder = `/sys/class/drm/${name}/device`;
  return {
    [`${folder}/device`]: card.device,
    [`${folder}/mem_info_vram_total`]: card.total,
    [`${folder}/mem_info_vram_used`]: card.used ?? 0,
    [`${folder}/mem_info_vis_vram_total`]: card.visible ?? card.total,
    [`/sys/class/drm/${name}-DP-1/status`]: "connected",
  };
}

const smi = "nvidia-smi --query-gpu=name,memory.total,memory.free,pci.device_id --format=csv,noheader,nounits";

const adapter = (info: Partial<AdapterInfo>): AdapterInfo => ({
  description: "a card",
  backend: "vulkan",
  vendor: "0",
  model: "0",
  architecture: "",
  software: false,
  ...info,
});

/** What is at hand, where a trial would give 6 GiB. */
const ask = (system: System, info: Partial<AdapterInfo>, probed: number | undefined = 6 * GiB) =>
  memoryAtHand(system, { info: adapter(info), probe: () => Promise.resolve(probed) });

Deno.test("an AMD card's memory is what its driver says, but for the desktop's share; of two cards that of the adapter", async () => {
  const files = {
    ...amdCard("card0", { device: "0x1636", total: GiB / 2 }),
    ...amdCard("card1", { device: "0x73bf", total: 16 * GiB, used: 0.5e9 }),
  };
  const amd = { vendor: String(0x1002), model: String(0x73bf) };
  assertEquals(await ask(machine({ files }), amd), { bytes: Math.floor(16 * GiB * 0.92), source: "amdgpu" });
  const full = { ...files, ...amdCard("card1", { device: "0x73bf", total: 16 * GiB, used: 12 * GiB }) };
  assertEquals((await ask(machine({ files: full }), amd)).bytes, Math.floor(4 * GiB * 0.95), "what others use is gone");
  const unknown = { ...amd, model: "0" };
  assertEquals((await ask(machine({ files }), unknown)).bytes, Math.floor(16 * GiB * 0.92), "not the integrated one");
  const integrated = { ...amd, model: String(0x1636) };
  assertEquals((await ask(machine({ files }), integrated)).source, "probe", "it takes of the machine's memory as well");
});

Deno.test("an NVIDIA card's memory is what nvidia-smi says, by name and by number; a card of 8 GB gives 7.4", async () => {
  const printed =
    "NVIDIA GeForce RTX 4060, 8192, 8100, 0x288210DE\nNVIDIA GeForce RTX 3090, 24576, 24200, 0x220410DE\n";
  const system = machine({ programs: { [smi]: printed } });
  const nvidia = { vendor: String(0x10de) };
  const large = await ask(system, { ...nvidia, description: "NVIDIA GeForce RTX 3090" });
  assertEquals(large, { bytes: Math.floor(24 * GiB * 0.92), source: "nvidia-smi" });
  assertEquals((await ask(system, { ...nvidia, model: String(0x2204) })).bytes, large.bytes);
  assertEquals((await ask(system, { ...nvidia, description: "NVIDIA GeForce RTX 4060" })).bytes, 8 * GiB - 1.2e9);
});

Deno.test("on macOS it is what the system lets the GPU wire down, or what Metal recommends", async () => {
  const programs = { "sysctl -n hw.memsize": `${16 * GiB}\n`, "sysctl -n iogpu.wired_limit_mb": "0\n" };
  const apple = { description: "Apple M2", vendor: "0" };
  const usual = await ask(machine({ os: "darwin", programs }), apple);
  assertEquals(usual, { bytes: Math.floor(16 * GiB * 2 / 3) - 1.2e9, source: "sysctl" });
  const set = { ...programs, "sysctl -n iogpu.wired_limit_mb": "14336\n" };
  assertEquals((await ask(machine({ os: "darwin", programs: set }), apple)).bytes, Math.floor(14 * GiB * 0.92));
});

Deno.test("where the system says nothing, or nonsense, a trial tells; where that tells nothing, a card of 8 GB is assumed", async () => {
  const nonsense = machine({ programs: { [smi]: "Failed to initialize NVML\n" } });
  for (const system of [nonsense, machine({}), machine({ os: "windows" })]) {
    assertEquals(await ask(system, { vendor: String(0x10de) }), { bytes: 6 * GiB - 1.2e9, source: "probe" });
  }
  assertEquals(await memoryAtHand(machine({}), { info: adapter({}), probe: () => Promise.resolve(undefined) }), {
    bytes: 7.4e9,
    source: "assumed",
  });
});

Deno.test("a driver on the processor gets nine tenths of what the machine has free, and nobody is asked", async () => {
  assertEquals(await ask(machine({}), { software: true }), { bytes: 9e9, source: "free memory" });
});

/** An adapter whose device refuses what is beyond `most` bytes, and counts what is left when it is destroyed. */
function fakeAdapter(most: number, maxBufferSize = 4 * GiB) {
  const state = { taken: 0, destroyed: false };
  let refused: object | null = null;
  const device = {
    pushErrorScope: (scope: string) => assertEquals(scope, "out-of-memory"),
    popErrorScope: () => {
      const error = refused;
      refused = null;
      return Promise.resolve(error);
    },
    createBuffer: ({ size }: { size: number }) => {
      if (state.taken + size > most) refused = { message: "out of memory" };
      else state.taken += size;
    },
    destroy: () => state.destroyed = true,
  };
  const adapter = { limits: { maxBufferSize }, requestDevice: () => Promise.resolve(device) };
  return { adapter: adapter as unknown as GPUAdapter, state };
}

Deno.test("probeMemory() takes memory until it is refused, and gives it back; it believes no driver that refuses nothing", async () => {
  const { adapter, state } = fakeAdapter(5.3 * GiB);
  assertEquals(await probeMemory(adapter), 5 * GiB);
  assertEquals(state, { taken: 5 * GiB, destroyed: true });
  assertEquals(await probeMemory(fakeAdapter(5.3 * GiB, GiB / 4).adapter), 5.25 * GiB, "by smaller buffers");
  const endless = fakeAdapter(Infinity);
  assertEquals(await probeMemory(endless.adapter), undefined);
  assertEquals(endless.state, { taken: 16 * GiB, destroyed: true });
  const none = { limits: { maxBufferSize: GiB }, requestDevice: () => Promise.reject(new Error("no")) };
  assertEquals(await probeMemory(none as unknown as GPUAdapter), undefined);
});

Deno.test("out of memory on an AMD card that is not full, seen through a small window: what to turn on is said", () => {
  const amd = { vendor: String(0x1002), model: String(0x73bf), software: false };
  const card = (used: number, visible: number) =>
    machine({ files: amdCard("card0", { device: "0x73bf", total: 16e9, used, visible }) });
  const small = explainOutOfMemory(amd, 3e9, card(3.5e9, GiB / 4));
  assertStringIncludes(small, "3.0 GB were asked for, the card has 16.0 GB, of which 12.5 GB are free");
  assertStringIncludes(small, "sees only 256 MB of it");
  assertStringIncludes(small, "Resizable BAR");
  const real = "15.5 GB were asked for, the card has 16.0 GB";
  assertEquals(explainOutOfMemory(amd, 15.5e9, card(15.5e9, GiB / 4)), real);
  assertEquals(explainOutOfMemory(amd, 15.5e9, card(15.5e9, 16e9)), real);
  const others = explainOutOfMemory(amd, 3e9, card(15.9e9, GiB / 4));
  assertEquals(others, "3.0 GB were asked for, the card has 16.0 GB", "others have filled it");
  assertStringIncludes(explainOutOfMemory(amd, 3e9, card(3.5e9, 16e9)), "close other programs");
  assertStringIncludes(explainOutOfMemory(amd, 3e9, machine({ os: "windows" })), "may see only 256 MB");
  const nvidia = { ...amd, vendor: String(0x10de) };
  assertEquals(explainOutOfMemory(nvidia, 3e9, card(0, GiB / 4)), "3.0 GB were asked for");
});
