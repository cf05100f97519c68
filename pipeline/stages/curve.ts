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

/** Round numbers that divide a range into about `count` parts. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low || 1) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => unit * factor >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from(
    { length: Math.floor(high / step + 1e-9) - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(6)),
  );
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

/** A chart of the training loss, and of the validation loss where there is any, as an SVG text with its own background. */
export function lossChart(allTrain: readonly Point[], allValidation: readonly Point[]): string {
  const [train, validation] = [thinned(allTrain), thinned(allValidation)];
  const [width, height, left, right, top, bottom] = [720, 400, 64, 24, 40, 48];
  const all = [...train, ...validation];
  const lowValue = Math.min(...all.map(({ value }) => value)), highValue = Math.max(...all.map(({ value }) => value));
  const margin = (highValue - lowValue || 1) * 0.05;
  const [low, high] = [lowValue - margin, highValue + margin];
  const last = Math.max(1, ...[allTrain, allValidation].map((points) => points.at(-1)?.step ?? 1));
  const x = (step: number) => (left + step / last * (width - left - right)).toFixed(1);
  const y = (value: number) => (height - bottom - (value - low) / (high - low) * (height - top - bottom)).toFixed(1);
  const line = (points: readonly Point[], color: string) =>
    points.length < 2
      ? ""
      : `<polyline fill="none" stroke="${color}" stroke-width="2" points="${
        points.map((p) => `${x(p.step)},${y(p.value)}`).join(" ")
      }"/>`;
  const dots = validation.map((p) => `<circle cx="${x(p.step)}" cy="${y(p.value)}" r="4" fill="#d9480f"/>`).join("");
  const grid = ticks(low, high, 5).map((v) =>
    `<line x1="${left}" x2="${width - right}" y1="${y(v)}" y2="${y(v)}" stroke="#ddd"/>` +
    `<text x="${left - 8}" y="${y(v)}" text-anchor="end" dominant-baseline="middle">${v}</text>`
  ).join("");
  const steps = ticks(0, last, 6).map((s) =>
    `<text x="${x(s)}" y="${height - bottom + 20}" text-anchor="middle">${s}</text>`
  ).join("");
  const legend = `<text x="${left}" y="24" fill="#1971c2">■ training loss 训练损失</text>` +
    (validation.length ? `<text x="${left + 220}" y="24" fill="#d9480f">● validation loss 验证损失</text>` : "");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
${grid}
${steps}
<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">optimizer step 优化步</text>
${line(train, "#1971c2")}
${line(validation, "#d9480f")}${dots}
${legend}
</svg>
`;
}
