import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "./preferences.ts";
import { useStore } from "./store.ts";

/** Values of one name. */
export interface Series {
  readonly name: string;
  /** A custom property of the style sheet that holds its colour. */
  readonly colour: "--series-1" | "--series-2";
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** Draws bars instead of a line. */
  readonly bars?: boolean;
}

/** A chart with one scale. What it shows is in `label` for those who do not see it. */
export function Chart({ label, series, xName, format, wholeX = false }: {
  readonly label: string;
  readonly series: readonly Series[];
  readonly xName: string;
  readonly format: (value: number) => string;
  /** Whether the x axis begins at 0. */
  readonly wholeX?: boolean;
}): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const colours = useStore(theme);
  const names = series.map(({ name }) => name).join();
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const host = ref.current;
    if (host === null) return;
    const made = plot.current = new uPlot(optionsOf(host, series, xName, format, wholeX), aligned(series), host);
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: heightOf(host) }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [colours, names, xName, wholeX]);
  useEffect(() => plot.current?.setData(aligned(series)), [series]);
  return (
    <figure class="chart">
      <figcaption aria-hidden="true">
        {series.map(({ name, colour }) => <span key={name} class={`key ${colour.slice(2)}`}>{name}</span>)}
      </figcaption>
      <div class="plot" ref={ref} role="img" aria-label={label} />
    </figure>
  );
}

const heightOf = (host: HTMLElement) => Math.max(150, Math.min(240, host.clientWidth * 0.42));

/** All series on the x values of any of them; where one has no value there is null. */
function aligned(series: readonly Series[]): uPlot.AlignedData {
  const xs = [...new Set(series.flatMap((each) => each.xs))].sort((a, b) => a - b);
  const columns = series.map((each) => {
    const values = new Map(each.xs.map((x, i) => [x, each.ys[i] ?? null]));
    return xs.map((x) => values.get(x) ?? null);
  });
  return [xs, ...columns];
}

function optionsOf(
  host: HTMLElement,
  series: readonly Series[],
  xName: string,
  format: (value: number) => string,
  wholeX: boolean,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: host.clientWidth,
    height: heightOf(host),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    padding: [8, 12, 0, 0],
    scales: { x: { time: false, ...(wholeX && { range: (_, __, max) => [0, max] }) }, y: wholeX ? fromZero : {} },
    axes: [
      { ...axis, size: 34, space: 60 },
      { ...axis, size: 58, values: (_, splits) => splits.map(format) },
    ],
    series: [{ label: xName }, ...series.map((each) => seriesOf(each, colour(each.colour)))],
    plugins: [reader(format, xName)],
  };
}

const fromZero: uPlot.Scale = { range: (_, __, max) => [0, Math.max(1, max) * 1.08] };

function seriesOf({ name, xs, bars }: Series, stroke: string): uPlot.Series {
  const common = { label: name, stroke, spanGaps: true };
  const paths = bars ? uPlot.paths.bars?.({ size: [0.8], align: 0 }) : undefined;
  return paths
    ? { ...common, fill: stroke, width: 0, paths, points: { show: false } }
    : { ...common, width: 2, points: { show: xs.length < 40, size: 5, fill: stroke } };
}

/** Writes the values under the pointer into a corner of the plot. */
function reader(format: (value: number) => string, xName: string): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "reading";
  return {
    hooks: {
      init: (plot) => void plot.over.append(box),
      setCursor: (plot) => {
        const at = plot.cursor.idx;
        const x = at == null ? undefined : plot.data[0][at];
        const values = at == null
          ? []
          : plot.data.slice(1).map((column) => column[at]).filter((value) => value != null);
        box.textContent = x === undefined ? "" : `${xName} ${x}: ${values.map(format).join(" / ")}`;
      },
    },
  };
}
