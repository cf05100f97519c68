// PyTorch files, good and bad, written by hand: zip files around pickles that are put together code by code.
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Joins stretches of bytes. */
export function bytesOf(...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const u16 = (value: number) => new Uint8Array(Uint16Array.of(value).buffer);
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer);

/** How {@linkcode zip} departs from a plain zip file. */
export interface ZipFaults {
  readonly method?: number;
  readonly flags?: number;
  /** Writes sizes, places and counts into the 64-bit records only. */
  readonly wide?: boolean;
}

/** A zip file of stored entries. */
export function zip(
  entries: readonly [name: string, data: Uint8Array][],
  faults: ZipFaults = {},
): Uint8Array<ArrayBuffer> {
  const { method = 0, flags = 0, wide = false } = faults;
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of entries) {
    const bytes = utf8(name);
    const size = u32(data.length);
    const header = bytesOf(
      u32(0x04034b50),
      u16(20),
      u16(flags),
      u16(method),
      u32(0),
      u32(0),
      size,
      size,
      u16(bytes.length),
      u16(0),
      bytes,
    ); // deno-fmt-ignore
    const far = bytesOf(u16(1), u16(24), u64(BigInt(data.length)), u64(BigInt(data.length)), u64(BigInt(at)));
    const extra = wide ? far : new Uint8Array();
    const shown = (value: number) => u32(wide ? 0xffffffff : value);
    directory.push(bytesOf(
      u32(0x02014b50),
      u16(20),
      u16(20),
      u16(flags),
      u16(method),
      u32(0),
      u32(0),
      shown(data.length),
      shown(data.length),
      u16(bytes.length),
      u16(extra.length),
      u16(0),
      u16(0),
      u16(0),
      u32(0),
      shown(at),
      bytes,
      extra,
    )); // deno-fmt-ignore
    parts.push(header, data);
    at += header.length + data.length;
  }
  const list = bytesOf(...directory);
  const count = entries.length;
  const record = bytesOf(
    u32(0x06064b50),
    u64(44n),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(BigInt(count)),
    u64(BigInt(count)),
    u64(BigInt(list.length)),
    u64(BigInt(at)),
  ); // deno-fmt-ignore
  const place = bytesOf(u32(0x07064b50), u32(0), u64(BigInt(at + list.length)), u32(1));
  const end = (entries: number, size: number, offset: number) =>
    bytesOf(u32(0x06054b50), u16(0), u16(0), u16(entries), u16(entries), u32(size), u32(offset), u16(0));
  return bytesOf(
    ...parts,
    list,
    ...(wide ? [record, place, end(0xffff, 0xffffffff, 0xffffffff)] : [end(count, list.length, at)]),
  );
}

/** Codes of a pickle by their letters in Python's pickletools, with what they hold. */
export const P = {
  proto: [0x80, 2],
  stop: utf8("."),
  mark: utf8("("),
  none: utf8("N"),
  tuple: utf8("t"),
  emptyTuple: utf8(")"),
  dict: utf8("}"),
  list: utf8("]"),
  append: utf8("a"),
  reduce: utf8("R"),
  build: utf8("b"),
  setItem: utf8("s"),
  setItems: utf8("u"),
  persistent: utf8("Q"),
  no: [0x89],
  text: (text: string) => bytesOf(utf8("X"), u32(utf8(text).length), utf8(text)),
  global: (module: string, name: string) => utf8(`c${module}\n${name}\n`),
  int: (value: number) => bytesOf(utf8("J"), new Uint8Array(Int32Array.of(value).buffer)),
  long: (value: bigint) => bytesOf([0x8a, 8], u64(value)),
};

/** What {@linkcode tensor} makes a tensor from. */
export interface TensorCodes {
  readonly key: string;
  readonly type?: string;
  readonly length: number | bigint;
  readonly offset?: number;
  readonly shape: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
}

const whole = (value: number | bigint) => typeof value === "bigint" ? P.long(value) : P.int(value);

/** The codes that build a tensor as torch.save writes it. */
export function tensor({ key, type = "FloatStorage", length, offset = 0, shape, strides }: TensorCodes): Uint8Array {
  const storage = [
    P.mark,
    P.text("storage"),
    P.global("torch", type),
    P.text(key),
    P.text("cpu"),
    whole(length),
    P.tuple,
    P.persistent,
  ]; // deno-fmt-ignore
  const sizes = (values: readonly (number | bigint)[]) => [P.mark, ...values.map(whole), P.tuple];
  const hooks = [P.global("collections", "OrderedDict"), P.emptyTuple, P.reduce];
  return bytesOf(
    P.global("torch._utils", "_rebuild_tensor_v2"),
    P.mark,
    ...storage,
    P.int(offset),
    ...sizes(shape),
    ...sizes(strides),
    P.no,
    ...hooks,
    P.tuple,
    P.reduce,
  );
}

/** A pickle of a dictionary with one entry `w`, whose value the codes build. */
export function pickleOf(...value: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  return bytesOf(P.proto, P.dict, P.text("w"), ...value, P.setItem, P.stop);
}

/** A file of torch.save around a pickle and its storages. */
export function torchFile(
  pickle: Uint8Array,
  storages: Record<string, Uint8Array> = {},
  faults: ZipFaults = {},
): Uint8Array<ArrayBuffer> {
  const data = Object.entries(storages).map(([key, bytes]): [string, Uint8Array] => [`archive/data/${key}`, bytes]);
  return zip([["archive/data.pkl", pickle], ["archive/byteorder", utf8("little")], ...data], faults);
}
