// What could be better about a device, by rules over the facts. The sentences are in messages.ts.
import type { DeviceFacts } from "./facts.ts";

/** What is advised on. */
export type AdviceCode =
  | "openGl"
  | "openGlSet"
  | "noSubgroups"
  | "oldMesa"
  | "fxc"
  | "weakerCard"
  | "idleCard"
  | "severalCards";

/** One piece of advice. */
export interface Advice {
  readonly code: AdviceCode;
  /** How many times slower the device is than it could be, at least; left out where nobody has measured it. */
  readonly slower?: number;
  /** The device that the advice is about, by number and name. */
  readonly device?: { readonly number: number; readonly name: string };
}

/** Advice on a device more than so many times slower than it could be is given unasked. */
const unaskedFrom = 2;

/**
 * Times slower, measured: steps of the quickstart by OpenGL against Vulkan of the same Mesa (22.3.6) on the same processor,
 * with AVX-512 and without; products of int8 on lavapipe without subgroups against those with; the same of Mesa 22.3.6 against
 * 25.0.7 without AVX-512, both through textures.
 */
const measured = { openGl: { avx512: 25, other: 6 }, noSubgroups: 4, oldMesa: 1.1 };

/** By the arithmetic that the smallest of such cards can do, against the largest of what is in use. */
const estimated = { weakerCard: 3, idleCard: 10 };

const major = (version: string) => parseInt(version, 10);

function adviceOnDriver(facts: DeviceFacts): Advice[] {
  const { backend, backendSet, software, subgroupSize, driver, avx512, dx12Compiler } = facts;
  if (backend === "gl") {
    return [{
      code: backendSet ? "openGlSet" : "openGl",
      slower: avx512 ? measured.openGl.avx512 : measured.openGl.other,
    }];
  }
  if (backend === "dx12" && (dx12Compiler === null || dx12Compiler.toLowerCase() === "fxc")) return [{ code: "fxc" }];
  const advice: Advice[] = [];
  if (subgroupSize === 0) advice.push({ code: "noSubgroups", ...(software && { slower: measured.noSubgroups }) });
  if (software && driver?.name === "Mesa" && major(driver.version) < 23 && avx512 === false) {
    advice.push({ code: "oldMesa", slower: measured.oldMesa });
  }
  return advice;
}

function adviceOnChoice({ devices, software, chosen }: DeviceFacts): Advice[] {
  if (chosen) return [];
  const cards = devices.map((device, number) => ({ ...device, number })).filter(({ kind }) => kind === "card");
  const inUse = cards.find((card) => card.inUse);
  const [strong] = cards.filter((card) => card !== inUse && !card.integrated);
  const idle = strong ?? cards[0];
  if (software && idle !== undefined) return [{ code: "idleCard", slower: estimated.idleCard, device: idle }];
  if (inUse?.integrated && strong !== undefined) {
    return [{ code: "weakerCard", slower: estimated.weakerCard, device: strong }];
  }
  const choosable = cards.filter(({ obstacle }) => obstacle === null);
  return choosable.length > 1 && inUse !== undefined ? [{ code: "severalCards", device: inUse }] : [];
}

/** All advice on a device, the gravest cause first. */
export function adviceOn(facts: DeviceFacts): Advice[] {
  const advice = [...adviceOnDriver(facts), ...adviceOnChoice(facts)];
  return advice.map(({ device, ...rest }) => ({
    ...rest,
    ...(device && { device: { number: device.number, name: device.name } }),
  }));
}

/** The advice that is worth a word before hours of computing. */
export function graveAdvice(facts: DeviceFacts): Advice[] {
  return adviceOn(facts).filter(({ slower }) => slower !== undefined && slower > unaskedFrom);
}
