// Which version the driver has. WebGPU does not tell, so it is read from the driver's own files.
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { driverLibrary, driverManifests, libraryFolders, type Manifest } from "./vulkan_files.ts";

/** The version that follows a word in a file of text or a library of some ten megabytes, which text would hold slowly. */
function find(path: string, word: string): string | undefined {
  try {
    const bytes = Buffer.from(Deno.readFileSync(path).buffer);
    for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) {
      const text = bytes.toString("latin1", at + word.length, at + word.length + 32);
      const version = /^\d+\.\d+(?:\.\d+)*/.exec(text)?.[0];
      if (version !== undefined) return version;
    }
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

/** Mesa's OpenGL, where that is all there is. */
const openGlLibraries = ["libEGL_mesa.so.0", "dri/swrast_dri.so"];

/** Newer Mesas keep it in a library whose name has the version. */
function versionInNames(folder: string): string | undefined {
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      const version = /^libgallium-(\d+\.\d+(?:\.\d+)?)/.exec(name)?.[1];
      if (version !== undefined) return version;
    }
  } catch { /* no such folder */ }
  return undefined;
}

function isLavapipe({ name }: Manifest): boolean {
  return name.startsWith("lvp");
}

/** The version that Mesa's libraries bear, such as `22.3.6`; undefined where there is no Mesa, or it does not tell. */
export function findMesaVersion(manifests: readonly Manifest[], root = "/"): string | undefined {
  const folders = libraryFolders(root);
  // Lavapipe's library bears it in any case; Intel's does not, and is the largest.
  const lavapipeFirst = [...manifests].sort((a, b) => Number(isLavapipe(b)) - Number(isLavapipe(a)));
  const libraries = [
    ...lavapipeFirst.map((manifest) => driverLibrary(manifest, root)).filter((path) => path !== undefined),
    ...folders.flatMap((folder) => openGlLibraries.map((name) => join(folder, name))),
  ];
  for (const path of libraries) {
    const version = find(path, "Mesa ");
    if (version !== undefined) return version;
  }
  return folders.map(versionInNames).find((version) => version !== undefined);
}

let mesa: { readonly version: string | undefined } | undefined;

/** {@linkcode findMesaVersion} of this machine, which is read once. */
export function mesaVersion(): string | undefined {
  return (mesa ??= { version: findMesaVersion(driverManifests()) }).version;
}

/** The version of NVIDIA's own driver, such as `550.54.14`; undefined where it is not loaded. */
export function nvidiaVersion(): string | undefined {
  return find("/sys/module/nvidia/version", "");
}
