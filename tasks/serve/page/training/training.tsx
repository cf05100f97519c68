import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { isOutage } from "../api.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { Fault } from "../parts/fault.tsx";
import { Picker } from "../parts/picker.tsx";
import { useMessages } from "../parts/preferences.ts";
import { Nothing, WithRun } from "../parts/runs.tsx";
import type { LogLine, RunView } from "../wire.ts";
import { type Curve, curveOf, lastOf, type Log, secondsLeft } from "./curves.ts";
import { Samples } from "./samples.tsx";
import { Stages } from "./stages.tsx";
import { useLog } from "./use_log.ts";

/** Rows of the table of figures. */
const TABLE_ROWS = 40;

/** The tab that shows trainings, running or ended. */
export function TrainingTab(): JSX.Element {
  return (
    <div class="page">
      <WithRun>{(run) => <Run key={run.id} run={run} />}</WithRun>
    </div>
  );
}

function Run({ run }: { readonly run: RunView }): JSX.Element {
  const { training } = useMessages();
  const [wanted, setWanted] = useState<string>();
  const begun = run.trainings.filter((name) =>
    run.stages.some((each) => each.stage === name && (each.durationMs !== undefined || each.startedAt !== undefined))
  );
  const stage = begun.find((name) => name === wanted) ?? begun.at(-1);
  const running = run.stages.some((each) => each.stage === stage && each.state === "running");
  const { log, error } = useLog(run.id, stage, running);
  return (
    <div class="run">
      <div class="run-main">
        {begun.length > 1 && stage !== undefined && (
          <Picker
            label={training.stage}
            value={stage}
            options={begun.map((value) => ({ value, text: value }))}
            choose={setWanted}
          />
        )}
        {stage === undefined && <Nothing run={run} planned={run.trainings} texts={training.nothing} />}
        {error && !(log && isOutage(error)) && <Fault error={error} />}
        {log && (log.lines.length === 0 ? <p class="nothing">{training.waiting}</p> : (
          <>
            <Figures log={log} running={running} />
            <Charts lines={log.lines} />
            <Samples lines={log.lines} />
            <Table lines={log.lines} />
          </>
        ))}
      </div>
      <Stages run={run} />
    </div>
  );
}

function Figures({ log, running }: { readonly log: Log; readonly running: boolean }): JSX.Element {
  const { training, number, duration } = useMessages();
  const { figures } = training;
  const { lines, done, total, source } = log;
  const losses = curveOf(lines, "eval_loss").values;
  const left = running ? secondsLeft(log) : undefined;
  const elapsed = lastOf(lines, "elapsed");
  const of = (name: string, text: (value: number) => string) => {
    const value = lastOf(lines, name);
    return value === undefined ? undefined : text(value);
  };
  const tiles: readonly (readonly [string, string | undefined])[] = [
    [figures.step, training.stepOf(done, total)],
    [figures.epoch, of("epoch", (value) => value.toFixed(2))],
    running ? [figures.left, left && duration(left)] : [figures.took, elapsed && duration(elapsed)],
    [figures.loss, of("loss", fixed)],
    [figures.evalLoss, of("eval_loss", fixed)],
    [
      figures.bestEvalLoss,
      losses.length > 1 ? fixed(losses.reduce((least, loss) => Math.min(least, loss))) : undefined,
    ],
    [figures.tokensPerSecond, of("tokens_per_second", number)],
  ].map(([name, value]) => [String(name), value === undefined || value === 0 ? undefined : String(value)]);
  return (
    <div class="figures-box">
      <dl class="tiles">
        {tiles.map(([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )
        )}
      </dl>
      {total !== undefined && <progress max={total} value={done} aria-label={figures.step} />}
      <p class="hint">{training.source[source]}</p>
    </div>
  );
}

const fixed = (value: number) => value.toFixed(3);
const short = (value: number) => Number(value.toPrecision(3)).toString();

function Charts({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const { training } = useMessages();
  const { figures } = training;
  const series = (name: string, curve: Curve, colour: Series["colour"] = "--series-1"): Series[] =>
    curve.steps.length === 0 ? [] : [{ name, colour, xs: curve.steps, ys: curve.values }];
  const charts = useMemo(() =>
    [
      [
        ...series(figures.loss, curveOf(lines, "loss")),
        ...series(figures.evalLoss, curveOf(lines, "eval_loss"), "--series-2"),
      ],
      series(figures.learningRate, curveOf(lines, "learning_rate")),
      series(figures.gradNorm, curveOf(lines, "grad_norm")),
      series(figures.tokensPerSecond, curveOf(lines, "tokens_per_second")),
    ].filter((chart) => chart.length > 0), [lines, figures]);
  const label = (chart: readonly Series[]) =>
    chart.map(({ name, xs, ys }) => training.chart(name, short(ys[0] ?? 0), short(ys.at(-1) ?? 0), xs.at(-1) ?? 0))
      .join("; ");
  return (
    <div class="charts">
      {charts.map((chart) => (
        <Chart key={chart[0]?.name} label={label(chart)} series={chart} xName={training.axis} format={short} />
      ))}
    </div>
  );
}

/** The lines as numbers, for those who do not see charts, and for those who want numbers. */
function Table({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const { training, number } = useMessages();
  const { figures } = training;
  const columns = [
    ...[["step", figures.step], ["loss", figures.loss], ["eval_loss", figures.evalLoss]],
    ...[["learning_rate", figures.learningRate], ["grad_norm", figures.gradNorm]],
    ["tokens_per_second", figures.tokensPerSecond],
  ] as const;
  const rows = lines.filter((line) => !("samples" in line));
  const every = Math.max(1, Math.ceil(rows.length / TABLE_ROWS));
  const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
  const cell = (value: unknown) =>
    typeof value !== "number" ? "" : Number.isInteger(value) ? number(value) : short(value);
  return (
    <details class="figures-table">
      <summary>{training.asTable}</summary>
      <p class="hint">{training.every(shown.length, rows.length)}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={training.asTable}>
        <table>
          <thead>
            <tr>{columns.map(([name, text]) => <th key={name} scope="col">{text}</th>)}</tr>
          </thead>
          <tbody>
            {shown.map((line, i) => (
              <tr key={i}>{columns.map(([name]) => <td key={name}>{cell(line[name ?? ""])}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
