// What the lines of a training's log come to.
import type { LogLine, TrainingView } from "../wire.ts";

/** A training as far as it is known. */
export type Log = Omit<TrainingView, "from">;

/** Values by optimizer step. */
export interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** An answer to a held-out instruction. */
export interface Sample {
  readonly instruction: string;
  readonly answer: string;
}

/** The lines that have a number of this name. */
export function curveOf(lines: readonly LogLine[], name: string): Curve {
  const found = lines.filter((line) => typeof line[name] === "number");
  return { steps: found.map(stepOf), values: found.map((line) => Number(line[name])) };
}

/** Samples by step, in order. */
export function samplesOf(lines: readonly LogLine[]): { readonly step: number; readonly samples: readonly Sample[] }[] {
  return lines.flatMap((line) => {
    const { samples } = line;
    return Array.isArray(samples) ? [{ step: stepOf(line), samples: samples as unknown as Sample[] }] : [];
  });
}

/** The last number of a name. */
export function lastOf(lines: readonly LogLine[], name: string): number | undefined {
  return curveOf(lines, name).values.at(-1);
}

/** Seconds that the rest of the steps takes if they go on as the latest ones did; undefined when it cannot be told. */
export function secondsLeft({ lines, done, total }: Log): number | undefined {
  const timed = lines.filter((line) => typeof line["elapsed"] === "number").slice(-12);
  const [first, last] = [timed[0], timed.at(-1)];
  if (total === undefined || first === undefined || last === undefined) return undefined;
  const steps = stepOf(last) - stepOf(first);
  // A single line has all time since the beginning behind it.
  const [seconds, over] = steps > 0
    ? [Number(last["elapsed"]) - Number(first["elapsed"]), steps]
    : [Number(last["elapsed"]), stepOf(last)];
  return over > 0 ? (total - done) * seconds / over : undefined;
}

function stepOf(line: LogLine): number {
  return Number(line["step"] ?? 0);
}
