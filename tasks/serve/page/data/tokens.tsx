import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Chart, type Series } from "../parts/chart.tsx";
import { Fault } from "../parts/fault.tsx";
import { Picker } from "../parts/picker.tsx";
import { useMessages } from "../parts/preferences.ts";
import { useJson } from "../parts/use_json.ts";
import type { TokensView } from "../wire.ts";
import { Rows } from "./rows.tsx";

/** What a stage of tokenising gave: figures, the lengths, and the rows themselves. */
export function Tokens({ run, stage }: { readonly run: string; readonly stage: string }): JSX.Element {
  const { data, loading } = useMessages();
  const [split, setSplit] = useState<TokensView["split"]>("train");
  const query = `stage=${encodeURIComponent(stage)}&split=${split}`;
  const base = `/api/runs/${encodeURIComponent(run)}`;
  const { value, error } = useJson<TokensView>(`${base}/tokens?${query}`);
  return (
    <>
      <Picker
        label={data.split}
        value={split}
        options={(["train", "validation"] as const).map((name) => ({ value: name, text: data.splits[name] }))}
        choose={setSplit}
      />
      {error && <Fault error={error} />}
      {!error && value === undefined && <p class="loading">{loading}</p>}
      {value && (
        <>
          <TokenFigures view={value} />
          {value.rows > 0 && <Histogram view={value} />}
          {value.rows > 0 && <Rows key={query} path={`${base}/rows?${query}`} total={value.rows} />}
        </>
      )}
    </>
  );
}

function TokenFigures({ view }: { readonly view: TokensView }): JSX.Element {
  const { data: { facts, trainsOn }, settings, number } = useMessages();
  const tiles = [
    [facts.rows, number(view.rows)],
    [facts.tokens, number(view.tokens)],
    [facts.labelled, number(view.labelledTokens)],
    [facts.longest, `${number(view.longest)} / ${number(view.maxTokens)}`],
    [facts.truncated, number(view.truncated)],
    [facts.dropped, number(view.dropped + view.tooLong)],
    [facts.template, settings.templates[view.template] ?? view.template],
    [facts.trainOn, trainsOn[view.trainOn] ?? view.trainOn],
  ] as const;
  return (
    <dl class="tiles">
      {tiles.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Histogram({ view }: { readonly view: TokensView }): JSX.Element {
  const { data, number } = useMessages();
  const { histogram: { width, counts }, rows, longest, maxTokens } = view;
  const series = useMemo((): Series[] => [{
    ...{ name: data.histogram, colour: "--series-1", bars: true },
    xs: counts.map((_, i) => (i + 0.5) * width),
    ys: counts,
  }], [counts, width, data]);
  const filled = counts.flatMap((count, i) => count === 0 ? [] : [{ count, i }]);
  return (
    <>
      <h3>{data.histogram}</h3>
      <Chart
        label={data.histogramLabel(rows, longest, maxTokens)}
        series={series}
        xName={data.tokensOfRow}
        format={(value) => number(Math.round(value))}
        wholeX
      />
      <ul class="visually-hidden">
        {filled.map(({ count, i }) => <li key={i}>{data.bar(i * width + 1, (i + 1) * width, count)}</li>)}
      </ul>
    </>
  );
}
