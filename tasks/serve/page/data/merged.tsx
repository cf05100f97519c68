import type { JSX } from "preact";
import type { DropReason } from "../../../../datasets/merging/filters.ts";
import type { MergeCounts, SourceReport } from "../../../../datasets/merging/merge_report.ts";
import { Fault } from "../parts/fault.tsx";
import { useMessages } from "../parts/preferences.ts";
import { useJson } from "../parts/use_json.ts";
import type { MergeView } from "../wire.ts";

/** What a merge kept and dropped, by source and by reason. */
export function Merged({ run, stage }: { readonly run: string; readonly stage: string }): JSX.Element {
  const { data, loading, number } = useMessages();
  const { value, error } = useJson<MergeView>(
    `/api/runs/${encodeURIComponent(run)}/merge?stage=${encodeURIComponent(stage)}`,
  );
  if (error) return <Fault error={error} />;
  if (value === undefined) return <p class="loading">{loading}</p>;
  const { report } = value;
  const { total, sources } = report;
  return (
    <>
      <p>
        {data.splitSizes(report.train, report.validation)}
        <br />
        {data.repaired(total.repaired.newlines, total.repaired.surrogates)}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label={data.merge}>
        <table class="merge">
          <thead>
            <tr>
              <th scope="col">{data.source}</th>
              <th scope="col">{data.format}</th>
              <th scope="col" class="number">{data.rows}</th>
              <th scope="col" class="number">{data.kept}</th>
              <th scope="col" class="number">{data.dropped}</th>
              <th scope="col" class="share">
                <span class="visually-hidden">{data.kept}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => <SourceRow key={source.source} source={source} />)}
          </tbody>
          {sources.length > 1 && (
            <tfoot>
              <tr>
                <th scope="row">{data.total}</th>
                <td />
                <td class="number">{number(total.rows)}</td>
                <td class="number">{number(total.kept)}</td>
                <td class="number">{number(droppedIn(total))}</td>
                <td>
                  <Share counts={total} />
                </td>
              </tr>
            </tfoot>
          )}
        </table>
      </div>
      <Reasons total={total} sources={sources} />
    </>
  );
}

function droppedIn({ dropped }: MergeCounts): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function SourceRow({ source }: { readonly source: SourceReport }): JSX.Element {
  const { data, number } = useMessages();
  return (
    <tr>
      <th scope="row">{source.source}{source.weight !== 1 && ` × ${number(source.weight)}`}</th>
      <td>
        {source.format} <span class="hint">{source.detected ? data.detected : data.declared}</span>
      </td>
      <td class="number">{number(source.rows)}</td>
      <td class="number">{number(source.kept)}</td>
      <td class="number">{number(droppedIn(source))}</td>
      <td>
        <Share counts={source} />
      </td>
    </tr>
  );
}

function Share({ counts }: { readonly counts: MergeCounts }): JSX.Element {
  const { data } = useMessages();
  const all = counts.kept + droppedIn(counts);
  const share = all === 0 ? 0 : counts.kept / all;
  return (
    <span class="share">
      <meter min={0} max={1} value={share} aria-label={data.keptShare(share)} />
      <span>{data.keptShare(share)}</span>
    </span>
  );
}

function Reasons({ total, sources }: {
  readonly total: MergeCounts;
  readonly sources: readonly SourceReport[];
}): JSX.Element {
  const { data, number } = useMessages();
  const reasons = (Object.keys(total.dropped) as DropReason[]).filter((reason) => total.dropped[reason] > 0);
  if (reasons.length === 0) return <p>{data.noneDropped}</p>;
  return (
    <>
      <h3>{data.droppedBy}</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={data.droppedBy}>
        <table class="reasons">
          <thead>
            <tr>
              <td />
              {sources.map(({ source }) => <th key={source} scope="col" class="number">{source}</th>)}
              {sources.length > 1 && <th scope="col" class="number">{data.total}</th>}
            </tr>
          </thead>
          <tbody>
            {reasons.map((reason) => (
              <tr key={reason}>
                <th scope="row">{data.reasons[reason]}</th>
                {sources.map(({ source, dropped }) => <td key={source} class="number">{number(dropped[reason])}</td>)}
                {sources.length > 1 && <td class="number">{number(total.dropped[reason])}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
