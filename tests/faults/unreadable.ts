// Files that cannot be read, as on a bad spot of a disk: they can be opened, and the reading fails without naming them.
const { statSync } = Deno;

/** Makes files unreadable until it is disposed of. What is written anew at their paths lies elsewhere on the disk. */
export function makeUnreadable(paths: readonly string[]): Disposable {
  const bad = new Map(paths.map((path) => [path, statSync(path).ino]));
  const isBad = (path: string | URL) => bad.has(String(path)) && statSync(path).ino === bad.get(String(path));
  const restores: (() => void)[] = [];
  for (const name of ["open", "readFile", "readTextFile", "openSync", "readFileSync", "readTextFileSync"] as const) {
    const real = Deno[name] as (path: string | URL, ...rest: unknown[]) => unknown;
    Object.assign(Deno, {
      [name]: (path: string | URL, ...rest: unknown[]) => {
        if (!isBad(path)) return real(path, ...rest);
        if (name === "open") return (real(path, ...rest) as Promise<Deno.FsFile>).then(failing);
        if (name === "openSync") return failing(real(path, ...rest) as Deno.FsFile);
        return name.endsWith("Sync") ? fail() : Promise.resolve().then(fail);
      },
    });
    restores.push(() => void Object.assign(Deno, { [name]: real }));
  }
  return { [Symbol.dispose]: () => restores.forEach((restore) => restore()) };
}

function failing(file: Deno.FsFile): Deno.FsFile {
  const readable = new ReadableStream({ pull: fail });
  Object.defineProperties(file, {
    read: { value: () => Promise.resolve().then(fail) },
    readSync: { value: fail },
    readable: { value: readable },
  });
  return file;
}

function fail(): never {
  throw new Error("Input/output error (os error 5)");
}
