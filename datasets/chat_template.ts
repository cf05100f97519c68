import { BoundedTemplate } from "./bounded_template.ts";
import { DataError } from "./errors.ts";
import { lastQuestion, type Question, type RawExample } from "./example.ts";
import type { PromptTemplate, Segment } from "./segments.ts";
import type { Turn } from "./turns.ts";

/** What is needed of a tokenizer to use the chat template that comes with it. */
export interface ChatTemplateSource {
  /** The template, in Jinja; undefined if there is none. */
  readonly chatTemplate: string | undefined;
  /** Ids of control tokens by their text. */
  readonly controls: ReadonlyMap<string, number>;
  readonly bosId: number;
  readonly eosId: number;
}

/** Control tokens in rows are hidden from the template as characters of these planes, which no text should have. */
const HIDING_PLACES = [0xf0000, 0x100000];

/**
 * The chat template of tokenizer_config.json. Control tokens that the template writes are control tokens; the same
 * characters in a row are text.
 *
 * Which parts are answers, the template does not say. For each answer it is asked for the text up to there, with the
 * opening of the answer (`add_generation_prompt`), and for the text with it: what lies between is the answer and what ends
 * it. Both are compared with the whole text character by character, so trimming and joining by the template do no harm.
 *
 * @throws {DataError} if there is no template, or it is not valid Jinja.
 */
export function chatTemplate(source: ChatTemplateSource): PromptTemplate {
  if (source.chatTemplate === undefined) {
    throw new DataError(
      'template "tokenizer": wanted a chat_template in tokenizer_config.json or chat_template.jinja, found none; ' +
        "name another template",
    );
  }
  const renderer = new Renderer(source.chatTemplate, source);
  return {
    framed: false,
    segments: (example) => renderer.segments(example),
    ask: (question) => renderer.ask(question),
  };
}

class Renderer {
  readonly #template: BoundedTemplate;
  readonly #controls: readonly string[];
  readonly #pattern: RegExp;
  readonly #names: { readonly bos_token: string; readonly eos_token: string };

  constructor(text: string, { controls, bosId, eosId }: ChatTemplateSource) {
    try {
      this.#template = new BoundedTemplate(text);
    } catch (error) {
      throw new DataError(`chat_template: could not read it as Jinja: ${messageOf(error)}`, { cause: error });
    }
    // The longest first, so that a token is not taken for the beginning of another.
    this.#controls = [...controls.keys()].sort((one, other) => other.length - one.length);
    this.#pattern = new RegExp(`(${this.#controls.map(escapeRegExp).join("|") || "(?!)"})`);
    const nameOf = (id: number) => [...controls].find(([, each]) => each === id)?.[0] ?? "";
    this.#names = { bos_token: nameOf(bosId), eos_token: nameOf(eosId) };
  }

  ask(question: Question): Segment[] {
    const { turns, reveal } = this.#hide([...turnsBefore(question), { role: "user", text: lastQuestion(question) }]);
    return this.#cut(this.#render(turns, true), [], reveal);
  }

  segments(example: RawExample): Segment[] {
    const { turns, reveal } = this.#hide([
      ...turnsBefore(example),
      { role: "user", text: lastQuestion(example) },
      { role: "assistant", text: example.output },
    ]);
    const whole = this.#render(turns, false);
    const spans: [start: number, end: number][] = [];
    for (const [index, { role }] of turns.entries()) {
      if (role !== "assistant") continue;
      const before = this.#render(turns.slice(0, index), false).trimEnd();
      // Some templates write earlier turns differently once there are later ones; such an answer is not learnt.
      if (!whole.startsWith(before)) continue;
      const start = agreement(this.#render(turns.slice(0, index), true), whole);
      const end = agreement(this.#render(turns.slice(0, index + 1), false), whole);
      if (end > start) spans.push([start, this.#withoutBlanks(whole, start, end)]);
    }
    const segments = this.#cut(whole, spans, reveal);
    const end = spans.at(-1) ?? [0, 0];
    // A model that never sees an end would never stop.
    if (!this.#pattern.test(whole.slice(...end))) segments.push({ control: this.#names.eos_token, answer: true });
    return segments;
  }

  /** Where an answer ends: blanks behind a control token, such as the newline between turns, belong to no answer. */
  #withoutBlanks(whole: string, start: number, end: number): number {
    const trimmed = whole.slice(start, end).trimEnd();
    return this.#controls.some((control) => trimmed.endsWith(control)) ? start + trimmed.length : end;
  }

  #render(turns: readonly Turn[], opens: boolean): string {
    const messages = turns.map(({ role, text }) => ({ role, content: text }));
    const characters = turns.reduce((sum, { text }) => sum + text.length, 0);
    try {
      return this.#template.render({ messages, add_generation_prompt: opens, ...this.#names }, characters);
    } catch (error) {
      throw new DataError(`chat_template: it refused a conversation: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Replaces control tokens in rows by characters that the template does not know; `reveal` puts them back. */
  #hide(turns: readonly Turn[]): { turns: Turn[]; reveal: (text: string) => string } {
    if (!turns.some(({ text }) => this.#pattern.test(text))) return { turns: [...turns], reveal: (text) => text };
    const all = turns.map(({ text }) => text).join("");
    const count = this.#controls.length;
    const taken = (base: number) =>
      [...all].some((each) => each.codePointAt(0)! >= base && each.codePointAt(0)! < base + count);
    const base = HIDING_PLACES.find((place) => !taken(place));
    if (base === undefined) throw new DataError("chat_template: a row is full of private characters");
    const hidden = (control: string) => String.fromCodePoint(base + this.#controls.indexOf(control));
    return {
      turns: turns.map(({ role, text }) => {
        return { role, text: text.split(this.#pattern).map((part, at) => at % 2 === 1 ? hidden(part) : part).join("") };
      }),
      reveal: (text) =>
        this.#controls.reduce((revealed, control) => revealed.replaceAll(hidden(control), control), text),
    };
  }

  /** Cuts a text at control tokens and at the ends of answers. */
  #cut(whole: string, spans: readonly (readonly [number, number])[], reveal: (text: string) => string): Segment[] {
    const segments: Segment[] = [];
    let at = 0;
    const cuts = [
      ...spans.flatMap(([start, end]) => [[start, false], [end, true]] as const),
      [whole.length, false] as const,
    ];
    for (const [end, answer] of cuts) {
      for (const [index, part] of whole.slice(at, end).split(this.#pattern).entries()) {
        if (part === "") continue;
        segments.push(index % 2 === 1 ? { control: part, answer } : { text: reveal(part), answer });
      }
      at = end;
    }
    return segments;
  }
}

function turnsBefore({ system, history = [] }: Question): Turn[] {
  return [
    ...(system === undefined ? [] : [{ role: "system" as const, text: system }]),
    ...history.flatMap(([question, answer]): Turn[] => [
      { role: "user", text: question },
      { role: "assistant", text: answer },
    ]),
  ];
}

/** How many characters two texts have in common at their beginning. */
function agreement(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one[at] === other[at]) at++;
  return at;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
