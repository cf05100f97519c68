import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { useMessages } from "../parts/preferences.ts";
import type { LogLine } from "../wire.ts";
import { samplesOf } from "./curves.ts";

/** Answers to held-out instructions, as they change from step to step. */
export function Samples({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const { training } = useMessages();
  const id = useId();
  const all = samplesOf(lines);
  // Undefined follows the newest.
  const [chosen, setChosen] = useState<number>();
  const at = Math.min(chosen ?? Infinity, all.length - 1);
  const shown = all[at];
  const before = all[at - 1];
  return (
    <section class="samples" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{training.samples}</h2>
      {shown === undefined ? <p class="nothing">{training.samplesNone}</p> : (
        <>
          <div class="slider">
            <label for={id}>{training.samplesAt(shown.step)}</label>
            <input
              type="range"
              id={id}
              min={0}
              max={all.length - 1}
              value={at}
              disabled={all.length < 2}
              aria-label={training.samplesSlider}
              aria-valuetext={training.samplesAt(shown.step)}
              onInput={(event) => {
                const next = Number(event.currentTarget.value);
                setChosen(next === all.length - 1 ? undefined : next);
              }}
            />
          </div>
          <dl>
            {shown.samples.map(({ instruction, answer }, i) => (
              <div key={i}>
                <dt>{instruction}</dt>
                <dd>
                  {answer.trim() === "" ? "—" : answer}
                  {before?.samples[i]?.answer === answer && <span class="hint">{training.unchanged}</span>}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}
