import { FormatError } from "../error.ts";

/** A field's value as it is on the wire: a whole number, the four bytes of a float, or the bytes of anything longer. */
export type WireValue = bigint | Uint8Array | { readonly fixed32: number };

/** The fields of a message by number, each with its values in order. */
export type Message = ReadonlyMap<number, readonly WireValue[]>;

/**
 * Splits a protocol buffer message into its fields.
 *
 * @param where start of the message of an error: the file, and what it was taken for
 * @throws {FormatError} when the bytes are not such a message
 */
export function readMessage(bytes: Uint8Array, where: string): Message {
  const fields = new Map<number, WireValue[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count: number): number => {
    if (count > bytes.length - at) throw new FormatError(`${where}: a field at byte ${at} reaches past the end`);
    at += count;
    return at - count;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[take(1)]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new FormatError(`${where}: a number at byte ${at} is too long`);
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    const field = Number(tag >> 3n);
    if (field === 0 || field > 0x1fffffff) throw new FormatError(`${where}: field ${field} at byte ${start}`);
    let value: WireValue;
    switch (Number(tag & 7n)) {
      case 0:
        value = varint();
        break;
      case 1:
        value = bytes.subarray(take(8), at);
        break;
      case 2: {
        const length = varint();
        value = bytes.subarray(take(Number(length)), at);
        break;
      }
      case 5:
        value = { fixed32: view.getFloat32(take(4), true) };
        break;
      default:
        throw new FormatError(`${where}: field ${field} at byte ${start} has an unknown wire type`);
    }
    const values = fields.get(field);
    if (values === undefined) fields.set(field, [value]);
    else values.push(value);
  }
  return fields;
}

/** The last value of a whole-number field, signed; undefined when the field is absent. */
export function integerField(message: Message, field: number, where: string): number | undefined {
  const value = message.get(field)?.at(-1);
  if (value === undefined) return undefined;
  if (typeof value !== "bigint") throw new FormatError(`${where}: field ${field} is not a whole number`);
  return Number(BigInt.asIntN(64, value));
}

/** The last value of a float field; undefined when the field is absent. */
export function floatField(message: Message, field: number, where: string): number | undefined {
  const value = message.get(field)?.at(-1);
  if (value === undefined) return undefined;
  if (typeof value === "bigint" || value instanceof Uint8Array) {
    throw new FormatError(`${where}: field ${field} is not a float`);
  }
  return value.fixed32;
}

/** Every value of a field that holds messages. */
export function messageFields(message: Message, field: number, where: string): Message[] {
  return (message.get(field) ?? []).map((value) => {
    if (!(value instanceof Uint8Array)) throw new FormatError(`${where}: field ${field} is not a message`);
    return readMessage(value, where);
  });
}

/** The last value of a field that holds a message; an empty message when the field is absent. */
export function messageField(message: Message, field: number, where: string): Message {
  return messageFields(message, field, where).at(-1) ?? new Map();
}
