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

/** WGSL in which the named bindings, of `var<storage, read>` arrays, are read as texels. Errors: a name is not so bound. */
export function readAsTexels(code: string, names: Iterable<string>): string {
  let result = code;
  let any = false;
  for (const name of names) {
    any = true;
    const declared = new RegExp(`var<storage, read> ${name}: array<(\\w+)>;`);
    const element = result.match(declared)?.[1];
    const format = element && texelFormat(element);
    if (!format) throw new Error(`cannot read binding ${name} as texels: found ${element ?? "no array of that name"}`);
    result = replaceAccesses(
      result.replace(declared, `var ${name}: texture_storage_2d<${format.format}, read>;`),
      name,
      (index) => `textureLoad(${name}, texelAt(${index}))${format.parts}`,
    );
  }
  if (!any) return code;
  return `${result}\nfn texelAt(i: u32) -> vec2u { return vec2u(i % ${rowTexels}u, i / ${rowTexels}u); }\n`;
}

/** Replaces each `name[index]`, innermost brackets first. */
function replaceAccesses(code: string, name: string, access: (index: string) => string): string {
  const starts = [...code.matchAll(new RegExp(`(?<![\\w.])${name}\\[`, "g"))].map(({ index }) => index);
  for (const start of starts.reverse()) {
    const open = start + name.length;
    let depth = 0;
    let end = open;
    do {
      const at = code[end++];
      if (at === "[") depth++;
      else if (at === "]") depth--;
      else if (at === undefined) throw new Error(`cannot read ${name} as texels: a bracket is not closed`);
    } while (depth > 0);
    code = code.slice(0, start) + access(code.slice(open + 1, end - 1)) + code.slice(end);
  }
  return code;
}
