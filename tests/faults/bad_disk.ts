// Loaded before a program (`deno run --preload`): the files of FAULT_BAD_FILES (a JSON list) cannot be read, as
// on a bad spot of a disk. The program itself is not changed.
const { statSync } = Deno;
const bad = new Map<string, number | null>(
  JSON.parse(Deno.env.get("FAULT_BAD_FILES")!).map((path: string) => [path, statSync(path).ino]),
);
// What is written anew lies somewhere else on the disk.
const isBad = (path: string | URL) => bad.has(String(path)) && statSync(path).ino === bad.get(String(path));

function fail(): never {
  throw new Error("Input/output error (os error 5)");
}

for (const name of ["open", "readFile", "readTextFile", "openSync", "readFileSync", "readTextFileSync"] as const) {
  const real = Deno[name] as (path: string | URL, ...rest: unknown[]) => unknown;
  const failing = name.endsWith("Sync")
    ? (path: string | URL, ...rest: unknown[]) => isBad(path) ? fail() : real(path, ...rest)
    : (path: string | URL, ...rest: unknown[]) => isBad(path) ? Promise.resolve().then(fail) : real(path, ...rest);
  Object.assign(Deno, { [name]: failing });
}
