import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Picker } from "../parts/picker.tsx";
import { useMessages } from "../parts/preferences.ts";
import { Nothing, WithRun } from "../parts/runs.tsx";
import type { RunView } from "../wire.ts";
import { Merged } from "./merged.tsx";
import { Tokens } from "./tokens.tsx";

/** The tab that shows what there was to learn from. */
export function DataTab(): JSX.Element {
  return (
    <div class="page">
      <WithRun>{(run) => <RunData key={run.id} run={run} />}</WithRun>
    </div>
  );
}

function RunData({ run }: { readonly run: RunView }): JSX.Element {
  const { data } = useMessages();
  const settled = (names: readonly string[]) =>
    names.filter((name) => run.stages.some(({ stage, state }) => stage === name && /^(ran|cached|fresh)$/.test(state)));
  const [merges, tokenised] = [settled(run.merges), settled(run.tokenised)];
  if (merges.length + tokenised.length === 0) {
    return <Nothing run={run} planned={[...run.merges, ...run.tokenised]} texts={data.nothing} />;
  }
  return (
    <div class="data">
      {merges.length > 0 && (
        <OneOf label={data.merge} names={merges}>{(stage) => <Merged run={run.id} stage={stage} />}</OneOf>
      )}
      {tokenised.length > 0 && (
        <OneOf label={data.tokens} names={tokenised}>{(stage) => <Tokens run={run.id} stage={stage} />}</OneOf>
      )}
    </div>
  );
}

/** One of the stages of a kind; there is seldom more than one. */
function OneOf({ label, names, children }: {
  readonly label: string;
  readonly names: readonly string[];
  readonly children: (stage: string) => JSX.Element;
}): JSX.Element {
  const [wanted, setWanted] = useState<string>();
  const stage = names.find((name) => name === wanted) ?? names[0] ?? "";
  return (
    <section>
      <h2>{label}</h2>
      {names.length > 1 && (
        <Picker
          label={label}
          value={stage}
          options={names.map((value) => ({ value, text: value }))}
          choose={setWanted}
        />
      )}
      {children(stage)}
    </section>
  );
}
