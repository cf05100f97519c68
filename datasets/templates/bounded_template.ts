// A template that comes with a model is a program of somebody else's. It is run with a number of steps, so that it ends.
import { Environment, Interpreter, parse, Template, tokenize } from "@huggingface/jinja";

/** Characters of a template; published ones have some thousands. */
const MAX_TEMPLATE = 1 << 20;

/** Steps of any conversation, well under a second; a published template takes some tens a turn, and some hundreds for tools. */
const BASE_STEPS = 250_000;

/** More steps for each character of the conversation: texts are looked at several times. */
const STEPS_A_CHARACTER = 16;

/** A step is as long as to look at so many characters, or to pass on a list of so many elements. */
const UNITS_A_STEP = 64;

/** A step is as long as to write out so many values of a list or a mapping. */
const VALUES_A_STEP = 16;

/** Filters that write out what a value holds, at any depth. */
const WRITING = new Set(["tojson", "string", "join"]);

/** A part of a template, with the parts of it whose lists are walked through, or written out. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly filter?: Node;
  readonly callee?: Node;
  readonly body?: readonly Node[];
  readonly alternate?: readonly Node[];
  readonly defaultBlock?: readonly Node[];
  readonly args?: readonly Node[];
  readonly iterable?: Node;
  readonly lhs?: Node;
  readonly operand?: Node;
  readonly left?: Node;
  readonly right?: Node;
}

/** A template in Jinja. */
export class BoundedTemplate {
  readonly #program: ReturnType<typeof parse>;

  /** @throws {Error} when the text is no template */
  constructor(text: string) {
    if (text.length > MAX_TEMPLATE) throw new Error(`it has ${text.length} characters; wanted at most ${MAX_TEMPLATE}`);
    // As the library's Template does it.
    this.#program = parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
  }

  /**
   * The text for some values.
   *
   * @param characters of the conversation among them
   * @throws {Error} when the template refuses the values, or does not come to an end
   */
  render(values: Readonly<Record<string, unknown>>, characters: number): string {
    const environment = new Environment();
    const interpreter = new CountingInterpreter(environment, BASE_STEPS + STEPS_A_CHARACTER * characters);
    const globals = {
      ...{ false: false, true: true, none: null, False: false, True: true, None: null },
      raise_exception(message: string) {
        throw new Error(message);
      },
      range: (start: number, stop?: number, step?: number) => interpreter.range(start, stop, step),
      strftime_now: (format: string) => new Template("{{ strftime_now(format) }}").render({ format }),
    };
    for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value);
    return String(interpreter.run(this.#program).value);
  }
}

/** The parts whose values a part writes out: what stands between texts, arguments, sides of `~`, operands of some filters. */
function* writtenBy({ body, alternate, defaultBlock, args, left, right, operand, filter }: Node): Generator<Node> {
  for (const parts of [body, alternate, defaultBlock, args]) if (Array.isArray(parts)) yield* parts;
  for (const side of [left, right]) if (side !== undefined) yield side;
  if (operand !== undefined && WRITING.has(String((filter?.callee ?? filter)?.value))) yield operand;
}

class CountingInterpreter extends Interpreter {
  readonly #limit: number;
  #left: number;
  /** Parts whose value is written out where it is a list or a mapping. */
  readonly #written = new WeakSet<Node>();
  /** Parts whose value is walked through, not only passed on. */
  readonly #walked = new WeakSet<Node>();

  constructor(environment: Environment, steps: number) {
    super(environment);
    this.#limit = this.#left = steps;
  }

  override evaluate(
    ...[statement, environment]: Parameters<Interpreter["evaluate"]>
  ): ReturnType<Interpreter["evaluate"]> {
    const node = statement as Node | undefined;
    this.#spend(1);
    for (const part of [node?.iterable, node?.iterable?.lhs, node?.operand, node?.left, node?.right]) {
      if (part !== undefined) this.#walked.add(part);
    }
    if (node !== undefined) { for (const part of writtenBy(node)) this.#written.add(part); }
    const found = super.evaluate(statement, environment);
    const { value } = found as { value: unknown };
    if (typeof value === "string") this.#spend(value.length / UNITS_A_STEP);
    if (Array.isArray(value)) {
      // What a call, a sum or a slice gives is a new list.
      const isPassedOn = node?.type === "Identifier" && !this.#walked.has(node);
      this.#spend(isPassedOn ? value.length / UNITS_A_STEP : value.length);
    }
    if (node !== undefined && this.#written.has(node)) this.#writeOut(value);
    return found;
  }

  /** As Python's; counted before it is made. */
  range(start: number, stop?: number, step = 1): number[] {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0) throw new Error("range() step must not be zero");
    const length = Math.max(Math.ceil((to - from) / step), 0);
    this.#spend(length);
    return Array.from({ length }, (_, at) => from + at * step);
  }

  /** A value that holds another twice is written out twice: so a few lines can ask for more than any memory holds. */
  #writeOut(value: unknown): void {
    const left = [value];
    while (left.length > 0) {
      const next = left.pop();
      const parts = Array.isArray(next) ? next : next instanceof Map ? next.values() : [];
      for (const { value } of parts as Iterable<{ value: unknown }>) {
        this.#spend(1 / VALUES_A_STEP + (typeof value === "string" ? value.length / UNITS_A_STEP : 0));
        left.push(value);
      }
    }
  }

  #spend(steps: number): void {
    this.#left -= steps;
    if (!(this.#left >= 0)) throw new Error(`it does not end within ${this.#limit} steps`);
  }
}
