// An out-of-memory error is not always one. On an AMD card of which the processor sees only a window of 256 MB (a small
// BAR), Deno takes a failure to get memory in that window for one of the whole card
// (https://github.com/denoland/deno/issues/35195).
import type { AdapterInfo } from "../machine/adapter.ts";
import { amdCards, type System, thisSystem, vendors } from "../machine/card_memory.ts";

/** A card that has less than this share left is out of memory indeed. */
const spare = 0.1;

const gigabytes = (bytes: number) => bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

const cause = (sees: string) =>
  `${sees} of it, and Deno's WebGPU takes a full window for a full card. Turn on Resizable BAR (Smart Access Memory, ` +
  "with Above 4G Decoding) in the BIOS";

/**
 * Says of an out-of-memory error what was allocated and what the card has, and what to do where the card is not full.
 *
 * @param allocated bytes that this process had asked for
 */
export function explainOutOfMemory(
  { vendor, model, software }: Pick<AdapterInfo, "vendor" | "model" | "software">,
  allocated: number,
  system: Pick<System, "os" | "list" | "read"> = thisSystem,
): string {
  const asked = `${gigabytes(allocated)} were asked for`;
  if (software || Number(vendor) !== vendors.amd) return asked;
  const cards = system.os === "linux" ? amdCards(system) : [];
  const card = cards.find(({ device }) => device === Number(model)) ?? (cards.length === 1 ? cards[0] : undefined);
  if (!card) return `${asked}. If this AMD card has much more: ${cause("the processor may see only 256 MB")}`;
  const has = `${asked}, the card has ${gigabytes(card.total)}`;
  const full = allocated > (1 - spare) * card.total || card.free < spare * card.total;
  if (full) return has;
  const free = `${has}, of which ${gigabytes(card.free)} are free`;
  if (card.visible === undefined || card.visible >= card.total) {
    return `${free}: close other programs that use it, or update its driver`;
  }
  return `${free}: ${cause(`the processor sees only ${Math.round(card.visible / 2 ** 20)} MB`)}`;
}
