import { isBlank } from "../blank.ts";
import { BoundedTemplate } from "./bounded_template.ts";
import { DataError, shorten } from "../errors.ts";
import { lastQuestion, type Question, type RawExample, type Turn } from "../example.ts";
import type { PromptTemplate, Segment } from "./segments.ts";
import { strftime, today } from "./strftime.ts";

/** What is needed of a tokenizer to use the chat template that comes with it. */
export interface ChatTemplateSource {
  /** The template, in Jinja; undefined if there is none. */
  readonly chatTemplate: string | undefined;
  /** Ids of control tokens by their text. */
  readonly controls: ReadonlyMap<string, number>;
  /** Text of the token that begins a text; undefined if the tokenizer has none. */
  readonly bosToken: string | undefined;
  readonly eosId: number;
}

/** What a chat template is told besides the conversation. */
export interface TemplateOptions {
  /** Variables by name, such as `enable_thinking`, as transformers calls them. */
  readonly chatTemplateKwargs?: Readonly<Record<string, unknown>> | undefined;
  /** The day that `strftime_now` gives, YYYY-MM-DD; this day if absent. */
  readonly templateDate?: string | undefined;
}

/**
 * Variables of a chat template as a command line has them: a JSON object, `{"enable_thinking": false}`; none for "".
 *
 * @throws {DataError} for anything else
 */
export function parseTemplateKwargs(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DataError(
    `chat_template_kwargs: wanted a JSON object such as {"enable_thinking": false}, found ${shorten(text)}`,
  );
}

/** A chat template refused a conversation; `message` has its own words. */
export class TemplateRefusal extends DataError {}

/** The library has a `strftime_now` of this very day, which cannot be replaced: templates are made to call ours. */
const DATE_FUNCTION = "strftime_of_template_date";

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
export function chatTemplate(source: ChatTemplateSource, options: TemplateOptions = {}): PromptTemplate {
  if (source.chatTemplate === undefined) {
    throw new DataError(
      'template "tokenizer": wanted a chat_template in tokenizer_config.json or chat_template.jinja, found none; ' +
        "name another template",
    );
  }
  const renderer = new Renderer(source.chatTemplate, source, options);
  let frame: string | undefined;
  return {
    framed: false,
    segments: (example) => renderer.segments(example),
    ask: (question) => renderer.ask(question),
    bareAnswer: (answer) => withoutFrame(answer, frame ??= renderer.answerFrame()),
  };
}

/**
 * Control tokens with which the chat template of a tokenizer ends an answer; none where it has no template, or one that
 * cannot be used.
 */
export function templateEnds(source: ChatTemplateSource): string[] {
  try {
    return source.chatTemplate === undefined ? [] : new Renderer(source.chatTemplate, source, {}).ends();
  } catch (error) {
    if (error instanceof DataError) return []; // told where the template is wanted
    throw error;
  }
}

/** An answer that no template has a reason to change. */
const PROBE = { instruction: "1", input: "", output: "2" };

/** Takes away what the template writes before an answer: where that is an empty block of thoughts, a filled one too. */
function withoutFrame(answer: string, frame: string): string {
  const text = answer.trimStart();
  const block = /^<([\w|]+)>\s*<\/\1>$/.exec(frame);
  const close = block === null ? -1 : text.indexOf(`</${block[1]}>`);
  if (block !== null && close >= 0 && text.startsWith(`<${block[1]}>`)) {
    return text.slice(close + block[1]!.length + "</>".length).trimStart();
  }
  return frame !== "" && text.startsWith(frame) ? text.slice(frame.length).trimStart() : answer;
}

class Renderer {
  readonly #template: BoundedTemplate;
  readonly #controls: readonly string[];
  readonly #pattern: RegExp;
  /** Whatever the template may read besides the conversation. */
  readonly #names: Readonly<Record<string, unknown>>;
  readonly #eosToken: string;

  constructor(
    text: string,
    { controls, bosToken, eosId }: ChatTemplateSource,
    { chatTemplateKwargs = {}, templateDate }: TemplateOptions,
  ) {
    try {
      this.#template = new BoundedTemplate(text.replaceAll(/\bstrftime_now\b/g, DATE_FUNCTION));
    } catch (error) {
      throw new DataError(`chat_template: could not read it as Jinja: ${messageOf(error)}`, { cause: error });
    }
    // The longest first, so that a token is not taken for the beginning of another.
    this.#controls = [...controls.keys()].sort((one, other) => other.length - one.length);
    this.#pattern = new RegExp(`(${this.#controls.map(RegExp.escape).join("|") || "(?!)"})`);
    this.#eosToken = [...controls].find(([, each]) => each === eosId)?.[0] ?? "";
    this.#names = {
      bos_token: bosToken ?? "",
      eos_token: this.#eosToken,
      [DATE_FUNCTION]: (format: string) => strftime(templateDate ?? today(), format),
      ...chatTemplateKwargs,
    };
  }

  /** What stands between the opening of an answer and the answer itself, without control tokens and blanks around. */
  answerFrame(): string {
    const segments = this.segments(PROBE);
    const at = segments.findLastIndex((segment) =>
      segment.answer && "text" in segment && segment.text.includes(PROBE.output)
    );
    const first = segments.findLastIndex((segment, index) => index < at && !segment.answer) + 1;
    const texts = segments.slice(first, at + 1).map((segment) => "text" in segment ? segment.text : "").join("");
    return texts.slice(0, texts.lastIndexOf(PROBE.output)).trim();
  }

  /** The control token behind an answer. */
  ends(): string[] {
    const segments = this.segments(PROBE);
    const at = segments.findLastIndex((segment) =>
      segment.answer && "text" in segment && segment.text.includes(PROBE.output)
    );
    const behind = segments.slice(at + 1).find((segment) => "control" in segment);
    return at >= 0 && behind !== undefined && behind.answer && "control" in behind ? [behind.control] : [];
  }

  ask(question: Question): Segment[] {
    const { turns, reveal } = this.#hide(turnsBefore(question));
    return this.#cut(this.#render(turns, true), [], reveal);
  }

  segments(example: RawExample): Segment[] {
    const { turns, reveal } = this.#hide([
      ...turnsBefore(example),
      { role: "assistant", text: example.output },
    ]);
    const whole = this.#render(turns, false);
    const spans: [start: number, end: number][] = [];
    for (const [index, { role, text }] of turns.entries()) {
      // From an answer that says nothing only its end could be learnt.
      if (role !== "assistant" || isBlank(text)) continue;
      const before = this.#render(turns.slice(0, index), false).trimEnd();
      // Some templates write earlier turns differently once there are later ones; such an answer is not learnt.
      if (!whole.startsWith(before)) continue;
      const start = agreement(this.#render(turns.slice(0, index), true), whole);
      const upTo = this.#render(turns.slice(0, index + 1), false);
      const end = agreement(upTo, whole);
      // What is not there later on may be blanks and the token that ends a text, but nothing of the answer.
      if (upTo.slice(end).replaceAll(new RegExp(this.#pattern, "g"), "").trim() !== "") continue;
      if (end > start) spans.push([start, this.#withoutBlanks(whole, start, end)]);
    }
    const segments = this.#cut(whole, spans, reveal);
    const end = spans.at(-1) ?? [0, 0];
    // A model that never sees an end would never stop.
    if (!this.#pattern.test(whole.slice(...end))) segments.push({ control: this.#eosToken, answer: true });
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
      throw new TemplateRefusal(`chat_template: it refused a conversation: ${messageOf(error)}`, { cause: error });
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

function turnsBefore(question: Question): Turn[] {
  const { system, history = [], turns } = question;
  if (turns !== undefined) return [...turns];
  return [
    ...(system === undefined ? [] : [{ role: "system" as const, text: system }]),
    ...history.flatMap(([question, answer]): Turn[] => [
      { role: "user", text: question },
      { role: "assistant", text: answer },
    ]),
    { role: "user", text: lastQuestion(question) },
  ];
}

/** How many characters two texts have in common at their beginning. */
function agreement(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one[at] === other[at]) at++;
  return at;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
