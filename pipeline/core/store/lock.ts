import { dirname } from "@std/path";

/** A lock that is held. Let go by `release`, by `using`, or by the end of the process however it comes. */
export interface HeldLock extends Disposable {
  /** Lets the lock go. */
  release(): void;
}

/** Options of {@link acquireLock}. */
export interface AcquireLockOptions {
  /** Stops the waiting. */
  signal?: AbortSignal | undefined;
  /** Others may hold it at the same time, if they share it too. */
  shared?: boolean;
  /** Called once if another process holds the lock. */
  onWait?: () => void;
}

/**
 * Takes the lock that a file stands for, waiting while another process holds it. The lock is the operating system's:
 * what the file contains does not matter, and a killed process holds none.
 */
export async function acquireLock(path: string, options: AcquireLockOptions = {}): Promise<HeldLock> {
  const { signal, shared = false, onWait } = options;
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { create: true, write: true });
  try {
    for (let attempt = 0; !await file.tryLock(!shared); attempt++) {
      if (attempt === 0) onWait?.();
      await sleep(Math.min(20 * 1.5 ** attempt, 250), signal);
    }
  } catch (error) {
    file.close();
    throw error;
  }
  let held = true;
  const release = () => {
    if (!held) return;
    held = false;
    file.close();
  };
  return { release, [Symbol.dispose]: release };
}

/** Says whether an error means that the file system has no locks. */
export function isWithoutLocks(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return ["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(String(code));
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
