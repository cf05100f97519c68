import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useMessages } from "../parts/preferences.ts";
import type { SampleQuestion } from "./samples.ts";
import type { Mode } from "./settings.ts";

/** What the person writes, and the buttons to send it or to stop the answer. */
export function Composer({ mode, draft, running, change, send, stop }: {
  readonly mode: Mode;
  readonly draft: SampleQuestion;
  readonly running: boolean;
  readonly change: (draft: SampleQuestion) => void;
  readonly send: () => void;
  readonly stop: () => void;
}): JSX.Element {
  const { talk } = useMessages();
  const id = useId();
  const first = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Not from under someone who goes through the tabs, and not where it would open a keyboard over the page.
    const free = document.activeElement === document.body;
    if (free && matchMedia("(pointer: fine)").matches) first.current?.focus({ preventScroll: true });
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    // While a Chinese word is being composed, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!running) send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="field">
        <label for={id}>{mode === "instruct" ? talk.instruction : talk.message}</label>
        <textarea
          ref={first}
          id={id}
          rows={1}
          value={draft.instruction}
          placeholder={talk.placeholder[mode]}
          aria-describedby={`${id}-hint`}
          onKeyDown={onKeyDown}
          onInput={(event) => change({ ...draft, instruction: event.currentTarget.value })}
        />
      </div>
      {mode === "instruct" && (
        <div class="field">
          <label for={`${id}-input`}>{talk.input}</label>
          <textarea
            id={`${id}-input`}
            rows={1}
            value={draft.input}
            placeholder={talk.inputHint}
            onKeyDown={onKeyDown}
            onInput={(event) => change({ ...draft, input: event.currentTarget.value })}
          />
        </div>
      )}
      <div class="send">
        <p class="hint" id={`${id}-hint`}>{talk.sendHint}</p>
        {running
          ? <button type="button" class="primary stop" onClick={stop}>{talk.stop}</button>
          : <button type="submit" class="primary" disabled={draft.instruction.trim() === ""}>{talk.send}</button>}
      </div>
    </form>
  );
}
