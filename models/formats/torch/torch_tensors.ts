import { type Dtype, elementBytes } from "../dtype.ts";
import { FormatError, quoted } from "../error.ts";
import { type Callable, type PickleContext, type PickleValue, Tuple, unpickle } from "./pickle.ts";

/** A storage that a PyTorch file refers to: a vector of elements, which tensors are views of. */
export interface TorchStorage {
  /** Its name in the file. */
  readonly key: string;
  readonly dtype: Dtype;
  /** Elements. */
  readonly length: number;
}

/** A tensor of a PyTorch file: a view of a storage. */
export interface TorchTensor {
  readonly storage: TorchStorage;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Elements from one index of a dimension to the next. */
  readonly strides: readonly number[];
  /** The first element. */
  readonly offset: number;
}

/** Element types by the names of PyTorch's storage classes. */
const STORAGE_TYPES: Readonly<Record<string, Dtype>> = {
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  DoubleStorage: "F64",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

class Made<Value> {
  constructor(readonly made: Value) {}
}

/** A storage class, a storage and a tensor while the pickle runs. */
class StorageType extends Made<Dtype> {
  constructor(readonly name: string, dtype: Dtype) {
    super(dtype);
  }
}
class StorageValue extends Made<TorchStorage> {}
class TensorValue extends Made<TorchTensor> {}

/**
 * Reads the pickle of a PyTorch file: a dictionary of tensors, such as a state dictionary.
 *
 * @param where the file, for messages
 * @throws {FormatError} when it holds, or names, anything else
 */
export function parseTorchPickle(bytes: Uint8Array, where: string): Map<string, TorchTensor> {
  const value = unpickle(bytes, torchContext(where), where);
  if (!(value instanceof Map)) throw new FormatError(`${where} holds no dictionary of tensors`);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of value) {
    if (typeof name !== "string") throw new FormatError(`${where} has a tensor whose name is no text`);
    if (!(tensor instanceof TensorValue)) {
      throw new FormatError(`${where}: ${quoted(name)} is not a tensor; wanted a dictionary of tensors only`);
    }
    tensors.set(name, tensor.made);
  }
  return tensors;
}

function torchContext(where: string): PickleContext {
  const callables: Callable[] = [
    { name: "collections.OrderedDict", call: (values) => orderedDict(values, where) },
    { name: "torch._utils._rebuild_tensor_v2", call: (values) => rebuildTensor(values, where) },
    { name: "torch._utils._rebuild_parameter", call: (values) => rebuildParameter(values, where) },
    ...Object.entries(STORAGE_TYPES).map(([name, dtype]) => new StorageType(`torch.${name}`, dtype)),
  ];
  return {
    globals: new Map(callables.map((callable) => [callable.name, callable])),
    persistent: (id) => storage(id, where),
  };
}

function orderedDict(values: readonly PickleValue[], where: string): PickleValue {
  if (values.length > 0) throw new FormatError(`${where} makes an OrderedDict of something`);
  return new Map();
}

/** ("storage", class, name in the file, device, elements). */
function storage(id: PickleValue, where: string): StorageValue {
  const [tag, type, key, device, length] = id instanceof Tuple ? id.items : [];
  if (
    tag !== "storage" || !(type instanceof StorageType) || typeof key !== "string" || typeof device !== "string" ||
    !isSize(length)
  ) throw new FormatError(`${where} refers to something that is no storage`);
  if (length * elementBytes(type.made) > Number.MAX_SAFE_INTEGER) {
    throw new FormatError(`${where}: the size of storage ${quoted(key)} overflows`);
  }
  return new StorageValue({ key, dtype: type.made, length });
}

/** (storage, offset, sizes, strides, requires_grad, backward_hooks). */
function rebuildTensor(values: readonly PickleValue[], where: string): TensorValue {
  const [source, offset, shape, strides] = values;
  if (
    !(source instanceof StorageValue) || !isSize(offset) || !isSizes(shape) || !isSizes(strides) ||
    shape.items.length !== strides.items.length
  ) throw new FormatError(`${where} makes a tensor of something that is not storage, offset, sizes and strides`);
  const tensor = {
    storage: source.made,
    dtype: source.made.dtype,
    shape: shape.items as number[],
    strides: strides.items as number[],
    offset,
  };
  checkView(tensor, where);
  return new TensorValue(tensor);
}

/** (tensor, requires_grad, backward_hooks). */
function rebuildParameter([tensor]: readonly PickleValue[], where: string): TensorValue {
  if (!(tensor instanceof TensorValue)) {
    throw new FormatError(`${where} makes a parameter of something that is no tensor`);
  }
  return tensor;
}

/** Every element must lie in the storage, and none may stand for more than the storage holds. */
function checkView({ storage, shape, strides, offset }: TorchTensor, where: string): void {
  const count = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, offset);
  const shown = `a tensor of shape [${shape.join(", ")}], strides [${strides.join(", ")}], offset ${offset}`;
  if (count === 0) return;
  if (!(last < storage.length)) {
    throw new FormatError(
      `${where}: ${shown} reaches past storage ${quoted(storage.key)} of ${storage.length} elements`,
    );
  }
  if (count > storage.length) {
    throw new FormatError(`${where}: ${shown} repeats elements of storage ${quoted(storage.key)}`);
  }
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isSizes(value: PickleValue | undefined): value is Tuple {
  return value instanceof Tuple && value.items.every(isSize);
}
