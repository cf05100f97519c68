import { ticks } from "../curve.ts";
import { escapeHtml } from "./document.ts";
import type { Compared, Measure } from "./statistics.ts";

/** A bar, or a pair of bars, of a chart. */
export interface BarRow extends Compared {
  readonly name: string;
}

const colors = { before: "#868e96", after: "#1971c2" } as const;
const [width, left, right, top, bottom] = [720, 200, 24, 40, 36];
const bar = 11;

/**
 * Figures of base and adapter side by side, one stretch a row, with whiskers of one standard error, as an SVG text with its
 * own background.
 *
 * @param most where the scale ends: 1 for shares
 */
export function barChart(title: string, rows: readonly BarRow[], most: number): string {
  const sides = (["before", "after"] as const).filter((side) => rows.some((row) => row[side] !== undefined));
  const step = bar * sides.length + 9;
  const height = top + step * rows.length + bottom;
  const x = (value: number) => (left + Math.min(Math.max(value, 0), most) / most * (width - left - right)).toFixed(1);
  const grid = ticks(0, most, 5).map((value) =>
    `<line x1="${x(value)}" x2="${x(value)}" y1="${top}" y2="${height - bottom}" stroke="#ddd"/>` +
    `<text x="${x(value)}" y="${height - bottom + 18}" text-anchor="middle">${value}</text>`
  );
  const bars = rows.map((row, i) => {
    const y = top + step * i + 4;
    const middle = y + bar * sides.length / 2;
    const label = `<text x="${left - 8}" y="${middle}" text-anchor="end" dominant-baseline="middle">${
      escapeHtml(shortened(row.name))
    }</text>`;
    return label + sides.map((side, at) => barOf(row[side], side, y + bar * at)).join("");
  });
  const legend = [
    `<text x="${left}" y="24" fill="${colors.before}">■ before 训练前</text>`,
    ...(sides.includes("after") ? [`<text x="${left + 130}" y="24" fill="${colors.after}">■ after 训练后</text>`] : []),
  ];
  function barOf(measure: Measure | undefined, side: "before" | "after", y: number): string {
    if (measure === undefined) return "";
    const { value, stderr } = measure;
    const rect = `<rect x="${left}" y="${y}" width="${(Number(x(value)) - left).toFixed(1)}" height="${
      bar - 1
    }" fill="${colors[side]}"/>`;
    if (stderr === null || stderr === 0) return rect;
    const [from, to, middle] = [x(value - stderr), x(value + stderr), y + (bar - 1) / 2];
    return `${rect}<line x1="${from}" x2="${to}" y1="${middle}" y2="${middle}" stroke="#212529" stroke-width="1.5"/>`;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
    escapeHtml(title)
  }" font-family="system-ui, sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
${[...grid, ...bars, ...legend].join("\n")}
</svg>
`;
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
