// Conversations over a reload of the page: kept in its window alone, until that is closed, for the server that answered.
import { forget, isRecord, recall, remember } from "../parts/remember.ts";
import type { Store } from "../parts/store.ts";
import type { ServerState } from "../wire.ts";
import { type Answer, isOpen, type Turn } from "./conversation.ts";
import { Session, type SessionState } from "./session.ts";
import type { Mode, Settings } from "./settings.ts";

/** Most characters of a conversation that are kept; the oldest turns are left out. A window may keep about ten times that. */
const MOST_CHARACTERS = 500_000;

interface Kept extends Pick<SessionState, "turns" | "sides" | "forgotten"> {
  /** Fingerprint of the server: another one, or another model, did not say this. */
  readonly server: string;
}

/** Keeps each mode's conversation as it is now. */
const keepers = new Map<Mode, () => void>();

/** The page is being left: an answer that breaks off now is one that was stopped. */
let leaving = false;
addEventListener("pagehide", () => {
  keepers.forEach((keep) => keep());
  leaving = true;
});
addEventListener("pageshow", () => leaving = false);

/** The conversation of a mode: as it was before the page was loaded again, else an empty one. */
export function keptSession(server: ServerState, mode: Mode, settings: Store<Settings>): Session {
  const name = `conversation.${mode}`;
  const found = recall(name, isKept, "sessionStorage");
  const kept = found?.server === server.fingerprint ? found : undefined;
  const session = new Session(mode, settings, kept?.sides ?? [server.adapters[0] ?? null]);
  if (kept !== undefined) session.state.patch({ turns: kept.turns.map(ended), forgotten: kept.forgotten });
  let isOurs = kept !== undefined;
  const keep = () => {
    const { turns, sides, forgotten } = session.state.value;
    const newest = newestOf(turns);
    if (newest.length === 0) {
      if (isOurs) forget(name, "sessionStorage");
      return;
    }
    isOurs = true;
    const left = { turns: newest, forgotten: forgotten + turns.length - newest.length };
    remember(name, { server: server.fingerprint, sides, ...left } satisfies Kept, "sessionStorage");
  };
  keepers.set(mode, keep);
  session.state.subscribe(() => {
    if (!leaving && !session.state.value.running && keepers.get(mode) === keep) keep();
  });
  return session;
}

/** As many of the last turns as are kept. */
function newestOf(turns: readonly Turn[]): readonly Turn[] {
  let left = MOST_CHARACTERS;
  const tooOld = turns.findLastIndex((turn) => (left -= JSON.stringify(turn).length) < 0);
  return turns.slice(tooOld + 1);
}

/** A turn whose answers come no more. */
function ended(turn: Turn): Turn {
  return { ...turn, answers: turn.answers.map((each): Answer => isOpen(each) ? { ...each, state: "stopped" } : each) };
}

function isKept(value: unknown): value is Kept {
  return isRecord(value) && typeof value["server"] === "string" && typeof value["forgotten"] === "number" &&
    isListOf(value["sides"], isSide) && isListOf(value["turns"], isTurn);
}

function isTurn(value: unknown): value is Turn {
  return isRecord(value) && typeof value["instruction"] === "string" && typeof value["input"] === "string" &&
    isListOf(value["answers"], isAnswer);
}

function isAnswer(value: unknown): value is Answer {
  return isRecord(value) && isSide(value["adapter"]) && typeof value["text"] === "string" &&
    ["waiting", "streaming", "done", "stopped", "failed"].some((state) => state === value["state"]);
}

function isSide(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isListOf<T>(value: unknown, fits: (each: unknown) => each is T): value is readonly T[] {
  return Array.isArray(value) && value.every(fits);
}
