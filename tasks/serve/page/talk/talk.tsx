import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AskBody } from "../api.ts";
import { useMessages } from "../parts/preferences.ts";
import { useStore } from "../parts/store.ts";
import type { ServerState } from "../wire.ts";
import { Composer } from "./composer.tsx";
import { Controls } from "./controls.tsx";
import { loadConversation, saveConversation } from "./files.ts";
import { Models } from "./models.tsx";
import { PromptPreview } from "./prompt_preview.tsx";
import { type SampleQuestion, SAMPLES } from "./samples.ts";
import type { Session } from "./session.ts";
import { TurnView } from "./turn_view.tsx";

/** A tab in which one talks to a model. */
export function Talk({ session, server }: { readonly session: Session; readonly server: ServerState }): JSX.Element {
  const { talk, settings } = useMessages();
  const { turns, running, forgotten } = useStore(session.state);
  const draft = useStore(session.draft);
  const setDraft = (next: SampleQuestion) => session.draft.set(next);
  const [preview, setPreview] = useState<AskBody>();
  const [note, setNote] = useState(forgotten > 0 ? talk.forgotten(forgotten) : "");
  const end = useRef<HTMLDivElement>(null);
  useFollow(end, turns);
  useAnnouncement(session, setNote);
  const send = () => void session.submit();
  return (
    <div
      class="talk"
      onKeyDown={(event) => {
        if (event.key === "Escape" && running) session.stop();
      }}
    >
      <section class="conversation" aria-label={talk.conversation}>
        <Models session={session} server={server} />
        <div class="turns" role="log" aria-busy={running} aria-label={talk.conversation} tabIndex={0}>
          {turns.length === 0
            ? <Empty mode={session.mode} use={setDraft} />
            : turns.map((turn, i) => <TurnView key={i} turn={turn} />)}
        </div>
        <div class="desk">
          <Tools
            session={session}
            server={server}
            setNote={setNote}
            preview={() => setPreview(session.bodyOf(draft, 0))}
          />
          <Composer
            mode={session.mode}
            draft={draft}
            running={running}
            change={setDraft}
            send={send}
            stop={() => session.stop()}
          />
          <p class="note" role="status">{note}</p>
        </div>
        <div ref={end} />
      </section>
      <aside class="settings" aria-label={settings.title}>
        <details open={matchMedia("(min-width: 60rem)").matches}>
          <summary>{settings.title}</summary>
          <Controls store={session.settings} mode={session.mode} server={server} />
        </details>
      </aside>
      {preview && <PromptPreview body={preview} close={() => setPreview(undefined)} />}
    </div>
  );
}

/** Keeps the end in sight while it grows, unless the person has scrolled away from it. */
function useFollow(end: { readonly current: HTMLElement | null }, turns: SessionTurns): void {
  const height = useRef(0);
  useEffect(() => {
    const root = document.scrollingElement;
    if (root === null) return;
    const wasAtEnd = root.scrollTop + root.clientHeight > height.current - 120;
    height.current = root.scrollHeight;
    if (turns.length > 0 && wasAtEnd) end.current?.scrollIntoView({ block: "end" });
  }, [turns]);
}
type SessionTurns = Session["state"]["value"]["turns"];

/** Says when an answer begins and how it ended. */
function useAnnouncement(session: Session, say: (note: string) => void): void {
  const { talk } = useMessages();
  const { running, turns } = useStore(session.state);
  const before = useRef(running);
  useEffect(() => {
    const states = turns.at(-1)?.answers.map(({ state }) => state) ?? [];
    if (running) say(talk.generating);
    else if (before.current) {
      say(states.includes("failed") ? talk.broken : states.includes("stopped") ? talk.stopped : talk.answerDone);
    }
    before.current = running;
  }, [running]);
}

function Empty({ mode, use }: {
  readonly mode: Session["mode"];
  readonly use: (draft: SampleQuestion) => void;
}): JSX.Element {
  const { talk } = useMessages();
  return (
    <div class="empty">
      <p>{talk.empty[mode]}</p>
      <ul>
        {SAMPLES.slice(0, 4).map((sample) => (
          <li key={sample.instruction}>
            <button type="button" lang="zh-Hans" onClick={() => use(sample)}>{sample.instruction}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What can be done with the conversation as a whole. */
function Tools({ session, server, setNote, preview }: {
  readonly session: Session;
  readonly server: ServerState;
  readonly setNote: (note: string) => void;
  readonly preview: () => void;
}): JSX.Element {
  const { talk } = useMessages();
  const { turns } = useStore(session.state);
  const file = useRef<HTMLInputElement>(null);
  const load = async (input: HTMLInputElement) => {
    const chosen = input.files?.[0];
    input.value = "";
    if (chosen === undefined) return;
    try {
      setNote(talk.loaded(await loadConversation(session, server, chosen)));
    } catch (error) {
      setNote(talk.cannotLoad(error instanceof Error ? error.message : String(error)));
    }
  };
  const none = turns.length === 0;
  return (
    <div class="tools" role="group" aria-label={talk.conversation}>
      <select
        aria-label={talk.samples}
        value=""
        onChange={(event) => {
          const sample = SAMPLES[Number(event.currentTarget.value)];
          event.currentTarget.value = "";
          if (sample !== undefined) session.draft.set(sample);
        }}
      >
        <option value="">{talk.samples}</option>
        {SAMPLES.map(({ instruction }, i) => <option key={i} value={String(i)}>{instruction}</option>)}
      </select>
      <button type="button" class="quiet" onClick={preview}>{talk.preview}</button>
      <button type="button" class="quiet" disabled={none} onClick={() => session.cancelLast()}>
        {talk.cancelLast}
      </button>
      <button type="button" class="quiet" disabled={none} onClick={() => session.clear()}>{talk.clear}</button>
      <button type="button" class="quiet" disabled={none} onClick={() => saveConversation(session, server.model)}>
        {talk.save}
      </button>
      <button type="button" class="quiet" onClick={() => file.current?.click()}>{talk.load}</button>
      <input
        ref={file}
        type="file"
        accept=".jsonl,application/jsonl"
        aria-label={talk.load}
        hidden
        onChange={(event) => void load(event.currentTarget)}
      />
    </div>
  );
}
