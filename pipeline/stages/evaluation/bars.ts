import { hint, label, plot, ticks, type Words } from "../plot.ts";
import { type Compared, type Measure, shownMeasure } from "./statistics.ts";

/** A bar, or a pair of bars, of a chart. */
export interface BarRow extends Compared {
  readonly name: string | Words;
}

const SIDES = {
  before: { colour: "base", words: { en: "before", zh: "训练前" } },
  after: { colour: "one", words: { en: "after", zh: "训练后" } },
} as const;
type Side = keyof typeof SIDES;

const [width, left, right, top, bottom] = [720, 200, 72, 40, 36];
const bar = 13;

/**
 * Figures of base and adapter side by side, one stretch a row, with whiskers of one standard error, as an SVG text.
 *
 * @param most where the scale ends: 1 for shares
 */
export function barChart(title: string, rows: readonly BarRow[], most: number): string {
  const sides = (["before", "after"] as const).filter((side) => rows.some((row) => row[side] !== undefined));
  const step = bar * sides.length + 9;
  const height = top + step * rows.length + bottom;
  const x = (value: number) => (left + Math.min(Math.max(value, 0), most) / most * (width - left - right)).toFixed(1);
  const grid = ticks(0, most, 5).flatMap((value) => [
    `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${top}" y2="${height - bottom}"/>`,
    label(
      shownMeasure({ value, stderr: null }, most, false, 0),
      `x="${x(value)}" y="${height - bottom + 18}" text-anchor="middle"`,
    ),
  ]);
  const bars = rows.flatMap(({ name, ...row }, i) => {
    const y = top + step * i + 4;
    const middle = y + bar * sides.length / 2;
    const short = typeof name === "string" ? shortened(name) : name;
    return [
      label(short, `x="${left - 8}" y="${middle}" text-anchor="end" dominant-baseline="middle"`),
      ...sides.map((side, at) =>
        barOf(typeof name === "string" ? name : `${name.en} ${name.zh}`, row[side], side, y + bar * at)
      ),
    ];
  });
  const legend = sides.map((side, i) => {
    const { colour, words: { en, zh } } = SIDES[side];
    return label({ en: `■ ${en}`, zh: `■ ${zh}` }, `class="${colour}" x="${left + 110 * i}" y="24"`);
  });
  function barOf(name: string, measure: Measure | undefined, side: Side, y: number): string {
    if (measure === undefined) return "";
    const { colour, words: { en, zh } } = SIDES[side];
    const { value, stderr } = measure;
    const error = stderr ?? 0;
    const [from, to, end, middle] = [x(value - error), x(value + error), x(value), y + (bar - 1) / 2];
    const size = `width="${(Number(end) - left).toFixed(1)}" height="${bar - 1}"`;
    const whisker = `<line class="whisker" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`;
    return `<g>${hint(`${name}, ${en} ${zh}: ${shownMeasure(measure, most, false)}`)}` +
      `<rect class="${colour}" x="${left}" y="${y}" ${size}/>${error === 0 ? "" : whisker}` +
      label(
        shownMeasure({ value, stderr: null }, most, false),
        `x="${Number(to) + 6}" y="${middle}" font-size="11" dominant-baseline="middle"`,
      ) + "</g>";
  }
  return plot([width, height], title, [...grid, ...bars, ...legend]);
}

/** What fits beside the bars: about 24 columns, where a Chinese character takes two. */
function shortened(name: string): string {
  let columns = 0;
  let kept = "";
  for (const character of name) {
    columns += /[\u1100-\uffdc]/.test(character) ? 2 : 1;
    if (columns > 24) return `${kept}…`;
    kept += character;
  }
  return kept;
}
