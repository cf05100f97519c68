// How much memory a plan may count on, and who says so.
import {
  amdCards,
  appleMemory,
  type CardMemory,
  nvidiaCards,
  type System,
  thisSystem,
  vendors,
} from "./card_memory.ts";
import { type AdapterInfo, describe, requestAdapter } from "./adapter.ts";

/** Who says how much memory there is: the system, an attempt to take it, or nobody. */
export type MemorySource = CardMemory["source"] | "free memory" | "probe" | "assumed";

/** Memory that a plan may count on. */
export interface MemoryAtHand {
  readonly bytes: number;
  readonly source: MemorySource;
}

/** Graphics cards of 8 GB, the smallest that a 7B model is meant for, have about this much to give. */
const assumed = 7.4e9;

/** What is left to the desktop and to the driver: this much, or this share of a large card. */
const room = { bytes: 1.2e9, share: 0.08 };

/** Of what is free. Above 97 % of it wgpu refuses, above 99 % the device is lost. */
const usable = 0.95;

/** Bytes that may be taken of a card. */
function toGive({ total, free }: Pick<CardMemory, "total" | "free">): number {
  return Math.max(0, Math.floor(Math.min(total - Math.max(room.bytes, room.share * total), usable * free)));
}

/** Integrated cards have less of their own, and take of the machine's memory as well. */
const leastOwn = 4.5e9;

/** The card that an adapter is of: by its model, by its name, else the smallest that is no integrated one, which is safe. */
function cardOf(info: AdapterInfo, cards: readonly CardMemory[]): CardMemory | undefined {
  const { model, description } = info;
  const same = cards.filter((card) => Number(model) > 0 && card.device === Number(model));
  const named = cards.filter(({ name }) => name !== "" && description.includes(name));
  const others = cards.filter(({ total }) => total >= leastOwn);
  const candidates = [same, named, others].find((found) => found.length > 0) ?? [];
  const card = candidates.toSorted((a, b) => toGive(a) - toGive(b))[0];
  return card && card.total >= leastOwn ? card : undefined;
}

/** Asks the system of an adapter's card. */
async function askSystem(info: AdapterInfo, system: System): Promise<CardMemory | undefined> {
  const vendor = Number(info.vendor);
  if (system.os === "darwin") return cardOf(info, await appleMemory(system));
  if (vendor === vendors.nvidia || /nvidia/i.test(info.description)) return cardOf(info, await nvidiaCards(system));
  if (vendor === vendors.amd || /\bamd\b|radeon/i.test(info.description)) return cardOf(info, amdCards(system));
  return undefined;
}

const probeStep = 2 ** 29;
const probeMost = 2 ** 34;

/**
 * Takes memory of a device of its own until that is refused, and gives it back. Only where wgpu knows the budget does it
 * refuse in time: what reaches `probeMost` says that much is there, or that nobody counts.
 *
 * @returns undefined where nothing was refused, or the device would not be asked
 */
export async function probeMemory(adapter: Pick<GPUAdapter, "requestDevice" | "limits">): Promise<number | undefined> {
  const size = Math.min(probeStep, adapter.limits.maxBufferSize);
  let device: GPUDevice | undefined;
  try {
    device = await adapter.requestDevice({ requiredLimits: { maxBufferSize: size } });
    for (let taken = 0; taken + size <= probeMost; taken += size) {
      device.pushErrorScope("out-of-memory");
      device.createBuffer({ label: "probe", size, usage: GPUBufferUsage.STORAGE });
      if (await device.popErrorScope()) return taken;
    }
  } catch {
    /* the device was lost, or refused otherwise */
  } finally {
    device?.destroy();
  }
  return undefined;
}

async function askAdapter() {
  const adapter = await requestAdapter();
  return { info: describe(adapter.info), probe: () => probeMemory(adapter) };
}

/** Bytes that a plan may count on: what the system says of the card, else what can be taken, else a card of 8 GB. */
export async function memoryAtHand(
  system: System = thisSystem,
  asked?: { readonly info: AdapterInfo; readonly probe: () => Promise<number | undefined> },
): Promise<MemoryAtHand> {
  const { info, probe } = asked ?? await askAdapter();
  if (info.software) return { bytes: Math.floor(system.available() * 0.9), source: "free memory" };
  const card = await askSystem(info, system);
  if (card) return { bytes: toGive(card), source: card.source };
  const probed = await probe();
  if (probed) return { bytes: toGive({ total: probed, free: probed }), source: "probe" };
  return { bytes: assumed, source: "assumed" };
}
