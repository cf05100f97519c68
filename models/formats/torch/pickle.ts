// Python's pickle format, read by a machine that can build plain data and nothing else. A pickle is a program: `GLOBAL`
// names any function of any Python module, and `REDUCE` calls it. Here a name that is not in the caller's list is an
// error at the moment it is read, and the listed names are functions of ours.
import { FormatError, quoted } from "../error.ts";

/** A Python tuple. */
export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A callable that a pickle may name: ours, not Python's. */
export interface Callable {
  /** The name that the pickle gives it, as "module.name". */
  readonly name: string;
  /** What a call gives; undefined for a name that may be mentioned but not called. */
  readonly call?: (values: readonly PickleValue[]) => PickleValue;
}

/** What a pickle builds: plain data, and the objects that the caller's functions make. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Tuple
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Callable
  | { readonly made: unknown };

/** What a pickle may refer to. */
export interface PickleContext {
  /** The callables that may be named, by "module.name". */
  readonly globals: ReadonlyMap<string, Callable>;
  /** Resolves a persistent id: in PyTorch files, a storage. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

/** The codes of protocol 2 that plain data needs; others are refused by number. */
const OP = {
  MARK: 0x28,
  STOP: 0x2e,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  BINUNICODE: 0x58,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  EMPTY_DICT: 0x7d,
  APPENDS: 0x65,
  BINGET: 0x68,
  LONG_BINGET: 0x6a,
  EMPTY_LIST: 0x5d,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  EMPTY_TUPLE: 0x29,
  SETITEMS: 0x75,
  BINFLOAT: 0x47,
  PROTO: 0x80,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
} as const;

/**
 * Runs a pickle (protocol 2, as torch.save writes it).
 *
 * @param where the file, for messages
 * @returns the value that it builds
 * @throws {FormatError} when it is not valid, or names anything that the context does not list
 */
export function unpickle(bytes: Uint8Array, context: PickleContext, where: string): PickleValue {
  return new Machine(bytes, context, where).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #context: PickleContext;
  readonly #where: string;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;

  constructor(bytes: Uint8Array, context: PickleContext, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#context = context;
    this.#where = where;
  }

  run(): PickleValue {
    while (true) {
      const code = this.#bytes[this.#take(1)]!;
      if (code === OP.STOP) return this.#pop();
      if (!this.#literal(code) && !this.#memory(code) && !this.#build(code)) {
        throw this.#fault(`has the code 0x${code.toString(16)}, which is not allowed in a file of tensors`);
      }
    }
  }

  /** Codes that push what they hold. */
  #literal(code: number): boolean {
    const { BININT, BININT1, BININT2, NONE, NEWTRUE, NEWFALSE, BINFLOAT, LONG1, BINUNICODE } = OP;
    const stack = this.#stack;
    if (code === NONE) stack.push(null);
    else if (code === NEWTRUE) stack.push(true);
    else if (code === NEWFALSE) stack.push(false);
    else if (code === BININT1) stack.push(this.#bytes[this.#take(1)]!);
    else if (code === BININT2) stack.push(this.#view.getUint16(this.#take(2), true));
    else if (code === BININT) stack.push(this.#view.getInt32(this.#take(4), true));
    else if (code === BINFLOAT) stack.push(this.#view.getFloat64(this.#take(8), false));
    else if (code === LONG1) stack.push(this.#long());
    else if (code === BINUNICODE) stack.push(this.#text(this.#view.getUint32(this.#take(4), true)));
    else return false;
    return true;
  }

  /** Codes that remember, recall, mark and name. */
  #memory(code: number): boolean {
    const stack = this.#stack;
    if (code === OP.PROTO) {
      const version = this.#bytes[this.#take(1)]!;
      if (version !== 2) throw this.#fault(`is of pickle protocol ${version}; wanted 2, torch.save's own`);
    } else if (code === OP.MARK) stack.push(MARK);
    else if (code === OP.BINPUT) this.#memo.set(this.#bytes[this.#take(1)]!, this.#top());
    else if (code === OP.LONG_BINPUT) this.#memo.set(this.#view.getUint32(this.#take(4), true), this.#top());
    else if (code === OP.BINGET) stack.push(this.#recall(this.#bytes[this.#take(1)]!));
    else if (code === OP.LONG_BINGET) stack.push(this.#recall(this.#view.getUint32(this.#take(4), true)));
    else if (code === OP.GLOBAL) stack.push(this.#global());
    else return false;
    return true;
  }

  /** Codes that make something of what is on the stack. */
  #build(code: number): boolean {
    const stack = this.#stack;
    if (code === OP.EMPTY_TUPLE) stack.push(new Tuple([]));
    else if (code === OP.EMPTY_LIST) stack.push([]);
    else if (code === OP.EMPTY_DICT) stack.push(new Map());
    else if (code === OP.TUPLE) stack.push(new Tuple(this.#popToMark()));
    else if (code >= OP.TUPLE1 && code <= OP.TUPLE3) stack.push(new Tuple(this.#popMany(code - OP.TUPLE1 + 1)));
    else if (code === OP.APPEND) this.#append(this.#popMany(1));
    else if (code === OP.APPENDS) this.#append(this.#popToMark());
    else if (code === OP.SETITEM) this.#setItems(this.#popMany(2));
    else if (code === OP.SETITEMS) this.#setItems(this.#popToMark());
    else if (code === OP.BINPERSID) stack.push(this.#context.persistent(this.#pop()));
    else if (code === OP.REDUCE) this.#reduce();
    else if (code === OP.BUILD) this.#setAttributes();
    else return false;
    return true;
  }

  #global(): Callable {
    const name = `${this.#line()}.${this.#line()}`;
    const found = this.#context.globals.get(name);
    if (found === undefined) {
      throw new FormatError(`${this.#where} names ${quoted(name)}: refused, a file of weights needs tensors only`);
    }
    return found;
  }

  #reduce(): void {
    const values = this.#pop();
    const callable = this.#pop();
    if (!(values instanceof Tuple)) throw this.#fault("calls a function with something that is no tuple");
    if (typeof callable !== "object" || callable === null || !("call" in callable) || !callable.call) {
      throw this.#fault("calls something that is no function");
    }
    this.#stack.push((callable as Required<Callable>).call(values.items));
  }

  /** The state dictionaries of PyTorch carry the attribute `_metadata`, versions of modules, which says nothing to us. */
  #setAttributes(): void {
    const state = this.#pop();
    if (!(this.#top() instanceof Map) || !(state instanceof Map)) {
      throw this.#fault("sets attributes of something that is no dictionary");
    }
  }

  #append(items: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#fault("appends to something that is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: PickleValue[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) throw this.#fault("sets items of something that is no dictionary");
    if (items.length % 2) throw this.#fault("sets an item without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key !== "string" && typeof key !== "number") throw this.#fault("has a key that is no text or number");
      dictionary.set(key, items[i + 1]!);
    }
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#fault(`recalls value ${index}, which was never kept`);
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#fault("takes a value that is not there");
    return value;
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw this.#fault("takes values up to a mark that is not there");
    return this.#stack.splice(at).slice(1) as PickleValue[];
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw this.#fault("ends too early");
    this.#at += count;
    return this.#at - count;
  }

  #text(length: number): string {
    const start = this.#take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw this.#fault("holds text that is not UTF-8");
    }
  }

  #line(): string {
    const length = this.#bytes.subarray(this.#at).indexOf(0x0a);
    if (length < 0) throw this.#fault("ends too early");
    const text = this.#text(length);
    this.#take(1);
    return text;
  }

  /** A little-endian two's-complement number of any length. */
  #long(): number {
    const length = this.#bytes[this.#take(1)]!;
    const start = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i]!);
    const number = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(number)) throw this.#fault("holds a number beyond 2^53");
    return number;
  }

  #fault(what: string): FormatError {
    return new FormatError(`${this.#where} ${what} (before byte ${this.#at})`);
  }
}
