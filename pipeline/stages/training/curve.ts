import { hint, label, plot, ticks } from "../plot.ts";

/** One point of a curve. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

const bars = "▁▂▃▄▅▆▇█";

/** A curve in one line of text: `width` bars, each the mean of its stretch, scaled between the least and the most. */
export function sparkline(values: readonly number[], width = 40): string {
  const count = Math.min(width, values.length);
  const means = Array.from({ length: count }, (_, i) => {
    const part = values.slice(Math.floor(i * values.length / count), Math.floor((i + 1) * values.length / count));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
  const low = Math.min(...means), high = Math.max(...means);
  return means.map((v) => bars[Math.min(7, Math.floor((v - low) / (high - low || 1) * 8))]).join("");
}

/** More points than this of a curve are not told apart on a chart. */
const MOST_POINTS = 2000;

/** The points of a curve, or of each stretch of it the lowest and the highest, in their order. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const stretches = MOST_POINTS / 2;
  return Array.from({ length: stretches }, (_, i) => {
    let low = Math.floor(i * points.length / stretches), high = low;
    for (let at = low; at < Math.floor((i + 1) * points.length / stretches); at++) {
      if (points[at]!.value < points[low]!.value) low = at;
      if (points[at]!.value > points[high]!.value) high = at;
    }
    return low === high ? [points[low]!] : [points[Math.min(low, high)]!, points[Math.max(low, high)]!];
  }).flat();
}

/** So many points of a curve are enough to smooth it. */
const FEWEST_TO_SMOOTH = 10;

/** A curve without its jitter: each point a mean of it and those before it, over about a twentieth of the curve. */
export function smoothed(points: readonly Point[]): Point[] {
  const keep = 1 - 2 / (points.length / 20 + 1);
  if (points.length < FEWEST_TO_SMOOTH || keep <= 0) return [];
  let [sum, weight] = [0, 0];
  return points.map(({ step, value }) => {
    [sum, weight] = [sum * keep + value, weight * keep + 1];
    return { step, value: sum / weight };
  });
}

/** So many places of a curve tell their value when they are pointed at. */
const MOST_HINTS = 200;

const [width, height, left, right, top, bottom] = [720, 400, 64, 24, 40, 48];

/** A plot of the training loss, raw and smoothed, and of the validation loss where there is any, as an SVG text. */
export function lossChart(allTrain: readonly Point[], allValidation: readonly Point[]): string {
  const smooth = smoothed(allTrain);
  const [train, validation] = [thinned(allTrain), thinned(allValidation)];
  const values = [...train, ...validation].map(({ value }) => value);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const margin = (highest - lowest || 1) * 0.05;
  const [low, high] = [lowest - margin, highest + margin];
  const last = Math.max(1, ...[allTrain, allValidation].map((points) => points.at(-1)?.step ?? 1));
  const x = (step: number) => (left + step / last * (width - left - right)).toFixed(1);
  const y = (value: number) => (height - bottom - (value - low) / (high - low) * (height - top - bottom)).toFixed(1);
  const line = (points: readonly Point[], classes: string) =>
    points.length < 2
      ? ""
      : `<polyline class="line ${classes}" points="${points.map((p) => `${x(p.step)},${y(p.value)}`).join(" ")}"/>`;
  const grid = ticks(low, high, 5).flatMap((v) => [
    `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(v)}" y2="${y(v)}"/>`,
    label(`${v}`, `x="${left - 8}" y="${y(v)}" text-anchor="end" dominant-baseline="middle"`),
  ]);
  const steps = ticks(0, last, 6).map((s) =>
    label(`${s}`, `x="${x(s)}" y="${height - bottom + 20}" text-anchor="middle"`)
  );
  const dots = someOf(validation).map((p) =>
    `<circle class="two" cx="${x(p.step)}" cy="${y(p.value)}" r="4">` +
    `${hint(`step 步 ${p.step}, validation loss 验证损失 ${shown(p.value)}`)}</circle>`
  );
  return plot([width, height], "loss 损失", [
    ...grid,
    ...steps,
    label(
      { en: "optimizer step", zh: "优化步" },
      `x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle"`,
    ),
    line(train, smooth.length > 0 ? "one raw" : "one"),
    line(thinned(smooth), "one"),
    line(validation, "two"),
    ...strips(allTrain, smooth, x),
    ...dots,
    label(legend("■", "training loss", "训练损失", allTrain), `class="one" x="${left}" y="24"`),
    validation.length === 0
      ? ""
      : label(legend("●", "validation loss", "验证损失", allValidation), `class="two" x="${width / 2}" y="24"`),
  ]);
}

const shown = (value: number) => Number(value.toPrecision(4));

function legend(mark: string, en: string, zh: string, points: readonly Point[]) {
  const [first, last] = [points[0], points.at(-1)].map((point) => point && shown(point.value));
  const range = points.length > 1 ? ` ${first} → ${last}` : points.length === 1 ? ` ${last}` : "";
  return { en: `${mark} ${en}${range}`, zh: `${mark} ${zh}${range}` };
}

/** Upright strips that tell the training loss where they are pointed at. */
function strips(points: readonly Point[], smooth: readonly Point[], x: (step: number) => string): string[] {
  const places = someOf(points.map(({ step, value }, i) => ({ step, value, smooth: smooth[i]?.value })));
  return places.map(({ step, value, smooth }, i) => {
    const [from, to] = [x(places[i - 1]?.step ?? 0), x(step)].map(Number) as [number, number];
    const more = smooth === undefined ? "" : `, smoothed 平滑 ${shown(smooth)}`;
    return `<rect class="spot" x="${from}" y="${top}" width="${(to - from).toFixed(1)}" height="${
      height - top - bottom
    }">` +
      `${hint(`step 步 ${step}, loss 损失 ${shown(value)}${more}`)}</rect>`;
  });
}

/** The points, or so many of them, evenly, the last one always. */
function someOf<T>(points: readonly T[]): T[] {
  const every = Math.max(1, Math.ceil(points.length / MOST_HINTS));
  return points.filter((_, i) => (points.length - 1 - i) % every === 0);
}
