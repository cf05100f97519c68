// Reading a tensor through a texture instead of a buffer. Lavapipe fills a lane with each word of a storage buffer by an
// insert at a lane number that it knows only while running, which goes through the stack on processors without AVX-512 and
// costs a loop over the lanes everywhere. A texel, 16 bytes for 16 bytes, comes in one load, and four of them are turned
// into four registers by shuffles. Read-only storage textures have no levels of detail, so they are cheaper than sampled
// ones. Kernels are written for buffers; this file rewrites their text.

/** Texels in a row of a texture: a tensor's elements lie in them one after the other, row by row. */
export const rowTexels = 1024;

/** What a binding's elements become: the texel's format, its bytes, and what of it makes up an element. */
interface TexelFormat {
  readonly format: GPUTextureFormat;
  readonly bytes: number;
  readonly parts: string;
}

const formats: Readonly<Record<string, TexelFormat>> = {
  "vec4f": { format: "rgba32float", bytes: 16, parts: "" },
  "vec4u": { format: "rgba32uint", bytes: 16, parts: "" },
  "f32": { format: "r32float", bytes: 4, parts: ".x" },
  "u32": { format: "r32uint", bytes: 4, parts: ".x" },
};

/** The format in which elements of a WGSL type can be read as texels; undefined where there is none. */
export function texelFormat(element: string): TexelFormat | undefined {
  return Object.hasOwn(formats, element) ? formats[element] : undefined;
}

/** Rows of the texture that holds `bytes`. */
export function texelRows(bytes: number, { bytes: each }: TexelFormat): number {
  return Math.ceil(bytes / each / rowTexels);
}

/** Records a copy of the first `bytes` of a buffer, from `offset` on, to a texture. */
export function copyToTexels(
  encoder: GPUCommandEncoder,
  { buffer, offset, bytes }: { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number },
  texture: GPUTexture,
  { bytes: each }: TexelFormat,
): void {
  const bytesPerRow = rowTexels * each;
  const rows = Math.floor(bytes / bytesPerRow);
  const rest = (bytes - rows * bytesPerRow) / each;
  if (rows) encoder.copyBufferToTexture({ buffer, offset, bytesPerRow }, { texture }, [rowTexels, rows]);
  if (rest) {
    const source = { buffer, offset: offset + rows * bytesPerRow, bytesPerRow };
    encoder.copyBufferToTexture(source, { texture, origin: [0, rows] }, [rest, 1]);
  }
}

/** A binding to read as texels. */
export interface TexelBinding {
  readonly name: string;
  /** WGSL type of its elements. */
  readonly element: string;
  /** The binding's number; for what is also written that of a further binding, which holds the values from before. */
  readonly binding: number;
  readonly access: "read" | "read_write";
}

/** WGSL in which these bindings, `var<storage, …>` arrays, are read as texels. What is written stays a buffer. */
export function readAsTexels(code: string, bindings: readonly TexelBinding[]): string {
  if (bindings.length === 0) return code;
  const declarations: string[] = [];
  for (const { name, element, binding, access } of bindings) {
    const texels = access === "read" ? name : `${name}Before`;
    const { format, parts } = texelFormat(element)!;
    declarations.push(`@group(0) @binding(${binding}) var ${texels}: texture_storage_2d<${format}, read>;`);
    if (access === "read") {
      code = code.replace(new RegExp(`@group\\(0\\) @binding\\(${binding}\\) var<storage, read> ${name}: [^;]*;`), "");
    }
    code = replaceReads(code, name, (index) => `textureLoad(${texels}, texelAt(${index}))${parts}`);
  }
  const texelAt = `fn texelAt(i: u32) -> vec2u { return vec2u(i % ${rowTexels}u, i / ${rowTexels}u); }`;
  return [code, ...declarations, texelAt, ""].join("\n");
}

/** Whether WGSL reads elements of an array, rather than only writing them. */
export function isRead(code: string, name: string): boolean {
  return replaceReads(code, name, () => "") !== code;
}

/** Replaces each `name[index]` that is read, innermost brackets first; `name[index] += …`, or with another operator, becomes an assignment. */
function replaceReads(code: string, name: string, load: (index: string) => string): string {
  const starts = [...code.matchAll(new RegExp(`(?<![\\w.])${name}\\[`, "g"))].map(({ index }) => index);
  for (const start of starts.reverse()) {
    const end = closing(code, start + name.length);
    const index = code.slice(start + name.length + 1, end - 1);
    const [head, tail] = [code.slice(0, start), code.slice(end)];
    const [compound, operator, operand] = tail.match(/^ ([-+*/%&|^]|<<|>>)= ([^;]*);/) ?? [];
    if (compound !== undefined) {
      code = `${head}${name}[${index}] = ${load(index)} ${operator} (${operand});${tail.slice(compound.length)}`;
    } else if (!/^ = /.test(tail)) code = head + load(index) + tail;
  }
  return code;
}

/** The place after the bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "[") depth++;
    else if (code[at] === "]" && --depth === 0) return at + 1;
  }
  throw new Error("cannot read a binding as texels: a bracket is not closed");
}
