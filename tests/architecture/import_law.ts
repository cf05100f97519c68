/** Which file imports which, by path relative to the repository with `/` between names. Packages are left out. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const LIBRARY = ["pipeline/core", "pipeline/stages", "pipeline/recipes", "kernels", "models", "datasets"];

/**
 * Who may import whom. An area is a folder or a file at the top; every area may import itself. Only tasks know deno.json, which
 * has the version of the program: no result depends on it.
 */
const LAW: Readonly<Record<string, readonly string[] | "anything">> = {
  "pipeline/core": [],
  "kernels": [],
  "datasets": [],
  "models": ["kernels"],
  "pipeline/stages": [
    "pipeline/core",
    "models",
    "datasets",
    "kernels/gpu/device.ts",
    "kernels/machine/memory.ts",
    "kernels/product/split_k.ts",
  ],
  "pipeline/recipes": ["mod.ts"],
  "examples": ["mod.ts"],
  "mod.ts": LIBRARY,
  "deno.json": [],
  "tasks": [...LIBRARY, "mod.ts", "deno.json"],
  "tests": "anything",
};

/** Every import that the law forbids, one line each; empty if all is well. */
export function forbiddenImports(imports: Imports): string[] {
  const found: string[] = [];
  for (const [file, targets] of imports) {
    const area = areaOf(file);
    if (area === undefined) {
      found.push(`${file} lies outside the areas that the import law knows`);
      continue;
    }
    const allowed = LAW[area];
    for (const target of targets) {
      if (allowed === "anything" || allowed === undefined || isWithin(target, area)) continue;
      if (!allowed.some((place) => isWithin(target, place))) found.push(`${file} must not import ${target}`);
    }
  }
  return found;
}

/** The first cycle of imports, as a list that begins and ends with the same file; undefined if there is none. */
export function findCycle(imports: Imports): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, above: readonly string[]): readonly string[] | undefined => {
    const start = above.indexOf(file);
    if (start >= 0) return [...above.slice(start), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...above, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/**
 * Rooms within an area, in order: a room may import those that it names, and what lies in the area's own folder. An area that is
 * not listed has one room.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "kernels": {
    "machine": [],
    "gpu": ["machine"],
    "weight": ["gpu"],
    "product": ["gpu", "weight"],
    "attention": ["gpu"],
    "layer": ["gpu", "weight"],
    "lora": ["gpu"],
    "loss": ["gpu"],
    "optimizer": ["gpu", "layer"],
    "decode": ["gpu", "weight", "product"],
    "self_check": ["gpu", "weight", "product", "attention", "layer", "lora", "loss", "optimizer", "decode"],
  },
  "datasets": {
    "files": [],
    "formats": ["files"],
    "templates": [],
    "tokens": ["files", "templates"],
    "merging": ["files", "formats", "tokens"],
    "embedded": [],
    "evaluation": ["files", "formats"],
  },
  "models": {
    "formats": [],
    "tokenizer": ["formats"],
    "training": ["formats"],
    "generation": ["formats", "tokenizer", "training"],
    "export": ["formats", "tokenizer"],
  },
};

/** Every import between rooms that ROOMS does not name, one line each. A room that it does not know is one as well. */
export function forbiddenRooms(imports: Imports): string[] {
  const found: string[] = [];
  for (const [file, targets] of imports) {
    for (const [area, rooms] of Object.entries(ROOMS)) {
      const room = roomOf(file, area);
      if (room === undefined) continue;
      const allowed = rooms[room];
      if (allowed === undefined) found.push(`${file} lies in a room that the import law does not know`);
      for (const target of targets) {
        const other = roomOf(target, area);
        if (other === undefined || other === room || allowed === undefined) continue;
        if (!allowed.includes(other)) found.push(`${file} must not import ${target}`);
      }
    }
  }
  return found;
}

/** The folder of an area in which a file lies; undefined for the area's own folder and for files elsewhere. */
function roomOf(file: string, area: string): string | undefined {
  if (!file.startsWith(`${area}/`)) return undefined;
  const [room, rest] = file.slice(area.length + 1).split("/");
  return rest === undefined ? undefined : room;
}

function areaOf(file: string): string | undefined {
  return Object.keys(LAW).find((area) => isWithin(file, area));
}

function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}
