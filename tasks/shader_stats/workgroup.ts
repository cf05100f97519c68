// What a shader's text says of its workgroup, for compilers that do not.

/** Words of 4 bytes in a type of WGSL; a vec3 takes the place of a vec4. */
function words(type: string): number {
  const [, inner, count] = type.match(/^array<(.+),\s*(\d+)u?>$/) ?? [];
  if (inner !== undefined) return words(inner.trim()) * Number(count);
  const width = type.match(/^vec([234])/)?.[1];
  return width === undefined ? 1 : width === "3" ? 4 : Number(width);
}

/** Bytes of memory that a workgroup of this shader shares. */
export function workgroupBytes(code: string): number {
  return [...code.matchAll(/var<workgroup>\s*\w+\s*:\s*([^;]+);/g)]
    .reduce((sum, [, type]) => sum + 4 * words(type!.trim()), 0);
}

/** Threads of a workgroup of this shader. */
export function workgroupThreads(code: string): number {
  const sizes = code.match(/@workgroup_size\(([^)]*)\)/)?.[1] ?? "1";
  return sizes.split(",").filter((size) => size.trim() !== "").reduce((product, size) => product * parseInt(size), 1);
}
