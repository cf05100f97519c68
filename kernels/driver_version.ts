// Which version the driver has. WebGPU does not tell, so it is read from the driver's own files.
import { driverLibrary, driverManifests } from "./vulkan_files.ts";

const byteText = new TextDecoder("latin1");

function find(path: string, pattern: RegExp): string | undefined {
  try {
    return byteText.decode(Deno.readFileSync(path)).match(pattern)?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

/** Mesa's OpenGL, where that is all there is. */
function openGlLibraries(): string[] {
  const folders = ["/usr/lib64", "/usr/lib"];
  try {
    folders.push(
      ...[...Deno.readDirSync("/usr/lib")].map(({ name }) => `/usr/lib/${name}`)
        .filter((path) => path.endsWith("-linux-gnu")),
    );
  } catch { /* another layout */ }
  return folders.flatMap((folder) => [`${folder}/libEGL_mesa.so.0`, `${folder}/dri/swrast_dri.so`]);
}

let mesa: { readonly version: string | undefined } | undefined;

/** The version that Mesa's libraries bear, such as `22.3.6`; undefined where there is no Mesa, or it does not tell. */
export function mesaVersion(): string | undefined {
  if (mesa === undefined) {
    const drivers = driverManifests().map(driverLibrary).filter((path) => path !== undefined);
    let version: string | undefined;
    for (const path of [...drivers, ...openGlLibraries()]) {
      version ??= find(path, /Mesa (\d+\.\d+(?:\.\d+)?)/);
    }
    mesa = { version };
  }
  return mesa.version;
}

/** The version of NVIDIA's own driver, such as `550.54.14`; undefined where it is not loaded. */
export function nvidiaVersion(): string | undefined {
  return find("/sys/module/nvidia/version", /^([\d.]+)/);
}
