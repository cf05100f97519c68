// What Vulkan's loader would find on Linux: manifests of drivers, and Mesa's layer that chooses among devices.
import { dirname, join, resolve } from "@std/path";

/** The file that tells the loader of a driver. */
export interface Manifest {
  readonly path: string;
  /** Its file name, such as `radeon_icd.x86_64.json`. */
  readonly name: string;
}

type Environment = (name: string) => string | undefined;

const environment: Environment = (name) => Deno.env.get(name);

/** Folders with data of Vulkan, the system's and the user's. */
function dataFolders(root: string, env: Environment): string[] {
  const own = env("XDG_DATA_HOME") ?? join(env("HOME") ?? "/", ".local/share");
  return ["/usr/share", "/etc", "/usr/local/share", "/run/opengl-driver/share"].map((dir) => join(root, dir)).concat(
    own,
  )
    .map((dir) => join(dir, "vulkan"));
}

function filesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** Manifests of the drivers that Vulkan's loader would try: those that VK_DRIVER_FILES names, or all. */
export function driverManifests(root = "/", env: Environment = environment): Manifest[] {
  const named = env("VK_DRIVER_FILES") ?? env("VK_ICD_FILENAMES");
  if (named) {
    return named.split(":").filter(isFile).map((path) => ({ path, name: path.slice(path.lastIndexOf("/") + 1) }));
  }
  return dataFolders(root, env).map((folder) => join(folder, "icd.d")).flatMap((folder) =>
    filesIn(folder).map((name) => ({ path: join(folder, name), name }))
  );
}

/** Whether Mesa's layer is there, which puts the device in front that the environment names. */
export function hasDeviceSelectLayer(root = "/", env: Environment = environment): boolean {
  return dataFolders(root, env).some((folder) =>
    filesIn(join(folder, "implicit_layer.d")).some((name) => name.includes("device_select"))
  );
}

/** Folders that the system's linker looks through. */
export function libraryFolders(root = "/"): string[] {
  const lib = join(root, "usr/lib");
  const ofArchitectures = foldersIn(lib).filter((name) => name.endsWith("-linux-gnu")).map((name) => join(lib, name));
  return [...ofArchitectures, join(root, "usr/lib64"), lib];
}

function foldersIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** The library of a driver, undefined where it is not found. A manifest may name it by its file name alone. */
export function driverLibrary(manifest: Manifest, root = "/"): string | undefined {
  let named: unknown;
  try {
    named = JSON.parse(Deno.readTextFileSync(manifest.path)).ICD?.library_path;
  } catch { /* no manifest */ }
  if (typeof named !== "string") return undefined;
  if (named.includes("/")) return resolve(dirname(manifest.path), named);
  return libraryFolders(root).map((folder) => join(folder, named)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
