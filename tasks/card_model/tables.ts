// The model's figures for people to read, and as Markdown for docs/card_model.md.
import Table from "cli-table3";
import type { CardEstimate } from "./model.ts";
import type { ModelWords } from "./messages.ts";

const percent = (share: number) => `${Math.round(100 * share)} %`;
const times = (factor: number) => `× ${factor.toFixed(2)}`;

/** A line for each card and number of tokens. */
export function stepRows(cards: readonly CardEstimate[], words: ModelWords): string[][] {
  return cards.flatMap(({ card, steps }) =>
    steps.map((step) => [
      card,
      String(step.tokens),
      words.layers(step.recomputed),
      words.seconds(step.seconds),
      String(Math.round(step.tokens / step.seconds)),
      [step.shares.products, step.shares.attention, step.shares.rest].map(percent).join(" / "),
      words.limits[step.limit],
      percent(step.ofBound),
      times(step.splitK / step.seconds),
      times(step.byteProducts / step.seconds),
      times(step.before / step.seconds),
    ])
  );
}

/** A line for each card. */
export function decodeRows(cards: readonly CardEstimate[]): string[][] {
  return cards.map(({ card, decode }) => [card, percent(decode.share), String(Math.round(decode.tokensPerSecond))]);
}

/** A table for the terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

/** The same table as Markdown. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
