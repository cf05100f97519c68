// Which interface to the graphics drivers Deno is to use. Left alone it takes OpenGL where Vulkan has nothing, without a word,
// and OpenGL is many times slower.

/** An interface to graphics drivers, by Deno's name for it; `gl` is OpenGL. */
export type Backend = "vulkan" | "metal" | "dx12" | "gl";

/** The variable that Deno reads once, at the first request for an adapter. */
export const BACKEND_VARIABLE = "DENO_WEBGPU_BACKEND";

/** What there may be on a system, the best first. */
const preferences: Readonly<Record<string, readonly Backend[]>> = {
  linux: ["vulkan", "gl"],
  darwin: ["metal"],
  windows: ["dx12", "vulkan", "gl"],
};

/** Other spellings that Deno accepts. */
const aliases: Readonly<Record<string, Backend>> = {
  vk: "vulkan",
  mtl: "metal",
  d3d12: "dx12",
  opengl: "gl",
  gles: "gl",
};

/**
 * The best backend that gives an adapter; OpenGL, the last, is taken without asking.
 *
 * @param explicit the person's own setting: one of its backends is taken
 * @param gives whether a backend has an adapter
 * @returns undefined where the setting names none that the system could have, which is left to Deno
 */
export async function chooseBackend(
  os: string,
  explicit: string | undefined,
  gives: (backend: Backend) => Promise<boolean>,
): Promise<Backend | undefined> {
  const known = preferences[os] ?? preferences["linux"]!;
  const named = explicit?.toLowerCase().split(",").map((name) => aliases[name.trim()] ?? name.trim());
  const possible = named === undefined ? known : known.filter((backend) => named.includes(backend));
  for (const backend of possible.slice(0, -1)) {
    if (await gives(backend)) return backend;
  }
  return possible.at(-1);
}

const question = `postMessage(!!await navigator.gpu?.requestAdapter());`;

/**
 * Whether a backend has an adapter, asked in a worker: a thread that has asked once keeps to its backends, and this one is
 * still to choose. Leaves the backend set for the process.
 */
export function backendGivesAdapter(backend: Backend): Promise<boolean> {
  Deno.env.set(BACKEND_VARIABLE, backend);
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(question)}`, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  worker.onmessage = ({ data }) => resolve(data === true);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve(false);
  };
  return promise.finally(() => worker.terminate());
}
