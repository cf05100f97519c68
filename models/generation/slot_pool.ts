import type { Lora } from "../training/lora.ts";

/** A slot of the decoder's cache and what is in it. */
export interface Slot {
  readonly index: number;
  /** Ids whose keys and values it holds, from the first on. */
  ids: number[];
  /** The adapter that they were computed with. */
  lora: Lora | undefined;
  busy: boolean;
  /** Counts uses: the lowest was let go of the longest ago. */
  lastUse: number;
}

/** Slots for a request, and what of its prompt is there already. */
export interface Lease {
  readonly slots: readonly Slot[];
  /** Tokens of the prompt whose keys and values are in `source`. */
  readonly reused: number;
  /** The slot that has them; the first of `slots`, or another one that is to be copied from. */
  readonly source: Slot;
}

/** Hands out slots. A slot that is free again keeps its ids, so that a prompt that begins with them need not be computed anew. */
export class SlotPool {
  readonly #slots: readonly Slot[];
  #uses = 0;

  /** All are free and empty. */
  constructor(count: number) {
    this.#slots = Array.from(
      { length: count },
      (_, index): Slot => ({ index, ids: [], lora: undefined, busy: false, lastUse: 0 }),
    );
  }

  /** How many are free. */
  get free(): number {
    return this.#slots.filter(({ busy }) => !busy).length;
  }

  /**
   * Takes `count` slots for a prompt; undefined when so many are not free. The slot that has most of the prompt is taken if
   * it goes on from there; if it holds another text with the same beginning, that is to be copied, so that both stay. The
   * last token of a prompt is never reused.
   */
  take(prompt: readonly number[], lora: Lora | undefined, count: number): Lease | undefined {
    const free = this.#slots.filter(({ busy }) => !busy).toSorted((a, b) => a.lastUse - b.lastUse);
    if (free.length < count) return undefined;
    let source = free[0]!;
    let reused = 0;
    for (const slot of this.#slots) {
      const common = slot.lora === lora ? commonLength(slot.ids, prompt) : 0;
      if (common > reused || common === reused && source.busy && !slot.busy) [source, reused] = [slot, common];
    }
    const first = !source.busy && 2 * reused >= source.ids.length ? source : free[0]!;
    const slots = [first, ...free.filter((slot) => slot !== first).slice(0, count - 1)];
    for (const slot of slots) {
      slot.busy = true;
      slot.ids = slot === first ? prompt.slice(0, reused) : [];
      slot.lora = lora;
    }
    return { slots, reused, source };
  }

  /** Lets slots go. */
  release(slots: readonly Slot[]): void {
    for (const slot of slots) {
      slot.busy = false;
      slot.lastUse = ++this.#uses;
    }
  }

  /** Forgets what was computed with an adapter, which is about to be freed. */
  forget(lora: Lora): void {
    for (const slot of this.#slots) {
      if (slot.lora === lora) [slot.ids, slot.lora] = [[], undefined];
    }
  }
}

/** How many ids two texts begin with in common, the last one of the prompt left out. */
function commonLength(ids: readonly number[], prompt: readonly number[]): number {
  const most = Math.min(ids.length, prompt.length - 1);
  let length = 0;
  while (length < most && ids[length] === prompt[length]) length++;
  return length;
}
