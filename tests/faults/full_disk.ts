// Loaded before a program (`deno run --preload`): after FAULT_DISK_BYTES written bytes below FAULT_DISK_FOLDER every write fails as on
// a full disk. The program itself is not changed.
import { resolve } from "node:path";

const folder = resolve(Deno.env.get("FAULT_DISK_FOLDER")!);
let left = Number(Deno.env.get("FAULT_DISK_BYTES"));

function take(bytes: number): void {
  left -= bytes;
  if (left >= 0) return;
  throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
}

const ours = new WeakSet<Deno.FsFile>();
const inside = (path: string | URL) => resolve(String(path)).startsWith(folder);
const { open, openSync, writeTextFile, writeTextFileSync, writeFile, copyFile } = Deno;
const { write, writeSync } = Deno.FsFile.prototype;

Deno.FsFile.prototype.write = function (bytes: Uint8Array) {
  if (ours.has(this)) {
    try {
      take(bytes.length);
    } catch (error) {
      return Promise.reject(error);
    }
  }
  return write.call(this, bytes);
};
Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array) {
  if (ours.has(this)) take(bytes.length);
  return writeSync.call(this, bytes);
};
const marked = (file: Deno.FsFile, path: string | URL) => {
  if (inside(path)) ours.add(file);
  return file;
};
Object.assign(Deno, {
  open: async (path: string | URL, options?: Deno.OpenOptions) => marked(await open(path, options), path),
  openSync: (path: string | URL, options?: Deno.OpenOptions) => marked(openSync(path, options), path),
  writeTextFile: async (path: string | URL, text: string, options?: Deno.WriteFileOptions) => {
    if (inside(path)) take(text.length);
    await writeTextFile(path, text, options);
  },
  writeTextFileSync: (path: string | URL, text: string, options?: Deno.WriteFileOptions) => {
    if (inside(path)) take(text.length);
    writeTextFileSync(path, text, options);
  },
  writeFile: async (path: string | URL, bytes: Uint8Array, options?: Deno.WriteFileOptions) => {
    if (inside(path)) take(bytes.length);
    await writeFile(path, bytes, options);
  },
  copyFile: async (from: string | URL, to: string | URL) => {
    if (inside(to)) take((await Deno.stat(from)).size);
    await copyFile(from, to);
  },
});
