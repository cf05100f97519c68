// Asking, streaming, stopping: the conversation of one tab.
import { type AnswerEvent, type AskBody, CallError, streamAnswer } from "../api.ts";
import { Store } from "../parts/store.ts";
import { type Answer, askBody, isOpen, type Turn } from "./conversation.ts";
import type { SampleQuestion } from "./samples.ts";
import type { Mode, Settings } from "./settings.ts";

/** Streamed text is shown so often at most. */
const SHOW_MS = 40;

/** What a tab shows of its conversation. */
export interface SessionState {
  readonly turns: readonly Turn[];
  /** Oldest turns that were too much to keep over a reload of the page. */
  readonly forgotten: number;
  /** Whom to ask: names of adapters, null for the base; two for a comparison. */
  readonly sides: readonly (string | null)[];
  readonly running: boolean;
}

const NOTHING: SampleQuestion = { instruction: "", input: "" };

/** A conversation with one model or two. */
export class Session {
  readonly state: Store<SessionState>;
  /** What is being written, kept while another tab is looked at. */
  readonly draft: Store<SampleQuestion> = new Store(NOTHING);
  #stop: AbortController | undefined;

  /** Begins empty. */
  constructor(readonly mode: Mode, readonly settings: Store<Settings>, sides: SessionState["sides"]) {
    this.state = new Store<SessionState>({ turns: [], forgotten: 0, sides, running: false });
  }

  /** What would be sent for a question to one side. */
  bodyOf(question: Pick<Turn, "instruction" | "input">, side: number): AskBody {
    const { turns, sides } = this.state.value;
    return askBody(question, turns, side, sides[side] ?? null, this.settings.value, this.mode);
  }

  /** Asks all sides at once what is written. */
  async submit(): Promise<void> {
    const question = this.draft.value;
    if (this.state.value.running || question.instruction.trim() === "") return;
    this.draft.set(NOTHING);
    const { turns, sides } = this.state.value;
    const bodies = sides.map((_, side) => this.bodyOf(question, side));
    const answers = sides.map((adapter): Answer => ({ adapter, text: "", state: "waiting" }));
    this.state.patch({ turns: [...turns, { ...question, answers }], running: true });
    const stop = this.#stop = new AbortController();
    const turn = turns.length;
    await Promise.all(bodies.map((body, side) => this.#answer(body, turn, side, stop.signal)));
    if (this.#stop === stop) this.state.patch({ running: false });
  }

  /** Ends the answers that are on their way; what has come stays. */
  stop(): void {
    this.#stop?.abort();
  }

  /** Takes the last turn away; its question can be written anew. */
  cancelLast(): void {
    const { turns } = this.state.value;
    const last = turns.at(-1);
    this.#leave({ turns: turns.slice(0, -1) });
    if (last !== undefined) this.draft.set({ instruction: last.instruction, input: last.input });
  }

  /** Takes all turns away. */
  clear(): void {
    this.#leave({ turns: [], forgotten: 0 });
  }

  /** Replaces the conversation. */
  load(turns: readonly Turn[]): void {
    this.#leave({ turns, forgotten: 0 });
  }

  #leave(change: Partial<SessionState>): void {
    this.stop();
    this.#stop = undefined; // late events of the old answers change nothing
    this.state.patch({ ...change, running: false });
  }

  async #answer(body: AskBody, turn: number, side: number, signal: AbortSignal): Promise<void> {
    const current = this.#stop;
    const show = (answer: Answer) => {
      if (this.#stop === current) this.#show(turn, side, answer);
    };
    let answer: Answer = { adapter: body.adapter, text: "", state: "waiting" };
    let shownAt = 0;
    const began = performance.now();
    try {
      for await (const event of streamAnswer(body, signal)) {
        answer = withEvent(answer, event, (performance.now() - began) / 1000);
        if (isOpen(answer) && performance.now() - shownAt < SHOW_MS) continue;
        show(answer);
        shownAt = performance.now();
      }
      if (isOpen(answer)) answer = { ...answer, state: "failed" };
    } catch (error) {
      answer = signal.aborted ? { ...answer, state: "stopped" } : { ...answer, state: "failed", ...faultOf(error) };
    }
    show(answer);
  }

  #show(turn: number, side: number, answer: Answer): void {
    const turns = this.state.value.turns.map((each, i) =>
      i === turn ? { ...each, answers: each.answers.map((old, j) => j === side ? answer : old) } : each
    );
    this.state.patch({ turns });
  }
}

function faultOf(error: unknown): Pick<Answer, "error" | "errorCode"> {
  if (!(error instanceof CallError)) return {};
  return { error: error.message, ...(error.code != null && { errorCode: error.code }) };
}

/** An answer after an event. */
function withEvent(answer: Answer, event: AnswerEvent, seconds: number): Answer {
  switch (event.type) {
    case "start":
      return { ...answer, droppedTurns: event.droppedTurns };
    case "text":
      return { ...answer, state: "streaming", text: answer.text + event.text };
    case "beams":
      return { ...answer, state: "streaming", beams: event.beams };
    case "end": {
      const { promptTokens, newTokens, reusedTokens, reason } = event;
      return { ...answer, state: "done", reason, figures: { promptTokens, newTokens, reusedTokens, seconds } };
    }
    case "error":
      return { ...answer, state: "failed", error: event.message };
  }
}
