/** Joins the fields of a protocol buffer message. */
export function joinFields(fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fields.reduce((length, field) => length + field.length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** A field of text, bytes or a message. */
export function bytesField(number: number, content: Uint8Array): Uint8Array {
  return joinFields([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

/** A field of a whole number, not negative. */
export function integerField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A field of a 32-bit float. */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = number * 8 + 5; // fields of floats have small numbers here
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
