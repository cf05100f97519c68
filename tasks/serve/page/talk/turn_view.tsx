import type { JSX } from "preact";
import { Markdown } from "../parts/markdown.tsx";
import { useMessages } from "../parts/preferences.ts";
import { type Answer, isOpen, type Turn } from "./conversation.ts";

/** A question with its answers side by side. */
export function TurnView({ turn }: { readonly turn: Turn }): JSX.Element {
  const { you, input } = useMessages().talk;
  return (
    <article class="turn">
      <div class="asked">
        <h3 class="who">{you}</h3>
        <div class="question">
          <p>{turn.instruction}</p>
          {turn.input !== "" && (
            <blockquote>
              <span class="label">{input}</span>
              {turn.input}
            </blockquote>
          )}
        </div>
      </div>
      <div class="answers" data-sides={turn.answers.length}>
        {turn.answers.map((answer, side) => <AnswerView key={side} answer={answer} />)}
      </div>
    </article>
  );
}

function AnswerView({ answer }: { readonly answer: Answer }): JSX.Element {
  const { talk } = useMessages();
  const { adapter, text, state, beams = [] } = answer;
  const shown = text.trim();
  return (
    <section class={`answer ${adapter === null ? "of-base" : "of-adapter"} ${state}`}>
      <h3 class="who">{adapter ?? talk.base}</h3>
      <div class="said">
        {shown !== "" && <Markdown text={shown} />}
        {isOpen(answer) && <p class="under-way">{shown === "" ? <Waiting answer={answer} /> : <Caret />}</p>}
        {state === "done" && shown === "" && <p class="none">{talk.noText}</p>}
        {beams.length > 0 && <Beams answer={answer} />}
        {!isOpen(answer) && <Figures answer={answer} />}
      </div>
    </section>
  );
}

function Waiting({ answer }: { readonly answer: Answer }): JSX.Element {
  const { talk } = useMessages();
  return (
    <>
      {answer.state === "waiting" ? talk.waiting : talk.searching}
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
    </>
  );
}

function Caret(): JSX.Element {
  return <span class="caret" aria-hidden="true" />;
}

/** The beams: open while they are searched, folded afterwards. */
function Beams({ answer }: { readonly answer: Answer }): JSX.Element {
  const { talk } = useMessages();
  const beams = answer.beams ?? [];
  return (
    <details class="beams" open={isOpen(answer)}>
      <summary>{talk.beams(beams.length)}</summary>
      <ol>
        {beams.map(({ text, score }, i) => (
          <li key={i}>
            <span class="score">{score.toFixed(2)}</span> <span class="text">{text}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Figures({ answer }: { readonly answer: Answer }): JSX.Element {
  const { talk } = useMessages();
  const { state, reason, figures, droppedTurns = 0, error, errorCode = "" } = answer;
  const parts = [
    state === "stopped" ? talk.stopped : undefined,
    reason && talk.finish[reason],
    figures && talk.figures(figures.newTokens, figures.seconds),
    figures && figures.reusedTokens > 0 ? talk.reused(figures.reusedTokens) : undefined,
    droppedTurns > 0 ? talk.dropped(droppedTurns) : undefined,
  ].filter((part) => part !== undefined);
  return (
    <>
      {state === "failed" && <p class="fault">{talk.refusals[errorCode] ?? talk.failed(error)}</p>}
      {parts.length > 0 && <p class="figures">{parts.join(" · ")}</p>}
    </>
  );
}
