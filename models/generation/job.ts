import type { Lora } from "../training/lora.ts";
import type { ShelvedAdapter } from "./adapter_shelf.ts";
import type { DecodeRow, RunRow } from "./decoder.ts";
import { BeamSequence, type SampledSequence } from "./sequence.ts";
import type { Slot } from "./slot_pool.ts";

/** A request that waits or runs: a sequence and the slots that it lies in. */
export class Job {
  /** All that it holds; none while it waits. */
  slots: readonly Slot[] = [];
  /** Tokens of the prompt that are in its first slot. */
  prefilled = 0;
  /** The sequences that go on, each with a slot and its next id; none before the prompt is computed. */
  rows: readonly { readonly slot: Slot; readonly id: number }[] = [];
  done = false;
  /** Set when the reader went away. */
  cancelled = false;
  /** Set when the device could not choose a token: this side does it from then on. */
  #undecided = false;

  constructor(readonly sequence: SampledSequence | BeamSequence, readonly adapter: ShelvedAdapter | undefined) {}

  get lora(): Lora | undefined {
    return this.adapter?.lora;
  }

  get prompt(): readonly number[] {
    return this.sequence.request.prompt;
  }

  /** Slots that it needs. */
  get width(): number {
    return this.sequence.request.params.beams;
  }

  /** Whether somebody still waits for it. */
  get wanted(): boolean {
    return !this.cancelled && !this.sequence.request.signal?.aborted;
  }

  /** Its sequence, if the device can choose its tokens. */
  get onDevice(): SampledSequence | undefined {
    const { sequence } = this;
    return sequence instanceof BeamSequence || this.#undecided || !sequence.suitsDevice ? undefined : sequence;
  }

  /** From now on tokens are chosen from logits that are read. */
  leaveDevice(): void {
    this.#undecided = true;
  }

  /** What the next step adds. */
  get decodeRows(): DecodeRow[] {
    return this.rows.map(({ slot, id }) => ({ slot: slot.index, used: slot.ids.length, id }));
  }

  /** How the device goes on by itself. */
  runRow(sequence: SampledSequence): RunRow {
    const [row] = this.decodeRows;
    if (!row) throw new Error("a sequence was to go on before its prompt was computed");
    const seen = [...this.prompt, ...sequence.made];
    return { ...row, sampling: sequence.settings, seen, draw: sequence.draws };
  }

  /** The ids that were waiting are in their slots now. */
  fed(): void {
    for (const { slot, id } of this.rows) slot.ids.push(id);
  }

  /**
   * Takes the logits after each row, or after the prompt; tells what has to be copied from slot to slot, so many tokens, for
   * beams that part.
   */
  accept(logits: readonly Float32Array[], copy: (from: Slot, to: Slot) => void): void {
    const { sequence } = this;
    if (sequence instanceof BeamSequence) {
      const before = this.rows.length > 0 ? this.rows.map(({ slot }) => slot) : this.slots.slice(0, 1);
      const steps = sequence.advance(logits);
      this.done = steps.length === 0;
      const going = new Set(steps.map(({ parent }) => before[parent]!));
      const free = this.slots.filter((slot) => !going.has(slot));
      const taken = new Set<Slot>();
      this.rows = steps.map(({ parent, id }) => {
        const from = before[parent]!;
        const slot = taken.has(from) ? free.pop()! : from;
        taken.add(slot);
        if (slot !== from) {
          copy(from, slot);
          slot.ids = [...from.ids];
        }
        return { slot, id };
      });
      return;
    }
    const result = sequence.choose(logits[0]!);
    this.done = sequence.take(result);
    this.rows = [{ slot: this.slots[0]!, id: result.id }];
  }
}
