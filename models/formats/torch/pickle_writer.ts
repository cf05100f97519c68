/** Opcodes of pickle protocol 2 (Python's Lib/pickletools.py documents each). */
const OP = {
  proto: 0x80,
  global: 0x63,
  mark: 0x28,
  emptyTuple: 0x29,
  tuple: 0x74,
  reduce: 0x52,
  text: 0x58,
  int32: 0x4a,
  long: 0x8a,
  false: 0x89,
  persistentId: 0x51,
  setItems: 0x75,
  stop: 0x2e,
} as const;

/** A tensor of a state dict as its pickle tells it. */
export interface PickledTensor {
  readonly name: string;
  /** Sizes, slowest dimension first. */
  readonly shape: readonly number[];
  /** Name of the storage that holds its values, contiguous and from the first on. */
  readonly storage: string;
}

/**
 * The pickle of an OrderedDict of float32 tensors, as torch.save writes it beside their storages: it names no class but
 * OrderedDict, FloatStorage and _rebuild_tensor_v2, so that torch.load(weights_only=True) opens it.
 */
export function pickleStateDict(tensors: readonly PickledTensor[]): Uint8Array<ArrayBuffer> {
  const pickle = new Pickle();
  pickle.op(OP.proto, 2);
  pickle.emptyDict();
  pickle.op(OP.mark);
  for (const { name, shape, storage } of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    pickle.text(name);
    pickle.global("torch._utils", "_rebuild_tensor_v2");
    // Arguments: storage, offset, sizes, strides, requires_grad, backward hooks.
    pickle.op(OP.mark);
    pickle.storage(storage, count);
    pickle.integer(0);
    pickle.integers(shape);
    pickle.integers(shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * size, 1)));
    pickle.op(OP.false);
    pickle.emptyDict();
    pickle.op(OP.tuple, OP.reduce);
  }
  pickle.op(OP.setItems, OP.stop);
  return pickle.bytes();
}

class Pickle {
  readonly #bytes: number[] = [];

  op(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  global(module: string, name: string): void {
    this.op(OP.global, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  emptyDict(): void {
    this.global("collections", "OrderedDict");
    this.op(OP.emptyTuple, OP.reduce);
  }

  text(value: string): void {
    const utf8 = new TextEncoder().encode(value);
    this.op(OP.text, ...int32Bytes(utf8.length), ...utf8);
  }

  integer(value: number): void {
    if (value < 2 ** 31) return this.op(OP.int32, ...int32Bytes(value));
    this.op(OP.long, 8, ...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }

  integers(values: readonly number[]): void {
    this.op(OP.mark);
    for (const value of values) this.integer(value);
    this.op(OP.tuple);
  }

  /** torch's way to point at a storage outside the pickle. */
  storage(name: string, count: number): void {
    this.op(OP.mark);
    this.text("storage");
    this.global("torch", "FloatStorage");
    this.text(name);
    this.text("cpu");
    this.integer(count);
    this.op(OP.tuple, OP.persistentId);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}

function int32Bytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
