/** What most systems allow a process by default where it cannot be asked for. */
const USUAL_LIMIT = 256;

/** How many files this process may have open, and how many it has. */
export async function openFiles(): Promise<{ limit: number; used: number }> {
  try {
    const limits = await Deno.readTextFile("/proc/self/limits");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
    const used = (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
    return { limit, used };
  } catch {
    return { limit: USUAL_LIMIT, used: 32 };
  }
}
