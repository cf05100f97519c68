// The thread that hears Ctrl-C and SIGTERM. The main thread may be waiting for the device, or computing, and then hears
// nothing: each signal is handed on to it, and where it must end the process at once and does not, this thread does.

import { shared } from "./interrupts.ts";

/** The main thread has so many ms for a signal. */
const patienceMs = 400;

/** A SIGTERM to a whole process group reaches a task twice, by itself and through its launcher: within so many ms it is one. */
const echoMs = 1000;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SharedArrayBuffer>) => void;
  postMessage(message: Deno.Signal | "listening"): void;
};

const signals: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

scope.onmessage = ({ data }) => {
  const state = new Int32Array(data);
  const listeners = new Map<Deno.Signal, () => void>();
  let handedOn = 0;
  let terminated = -Infinity;
  const hear = (signal: Deno.Signal) => {
    if (signal === "SIGTERM") {
      const echo = performance.now() - terminated < echoMs;
      terminated = performance.now();
      if (echo) return;
    }
    const number = ++handedOn;
    scope.postMessage(signal);
    setTimeout(() => {
      const unheard = number - Atomics.load(state, shared.heard);
      if (unheard > 1 || unheard === 1 && Atomics.load(state, shared.stopping) === 1) end(signal, listeners);
    }, patienceMs);
  };
  for (const signal of signals) {
    const listener = () => hear(signal);
    listeners.set(signal, listener);
    Deno.addSignalListener(signal, listener);
  }
  scope.postMessage("listening");
};

/** Ends the process as the signal would if nobody listened, so that a shell sees why; by force if another listens. */
function end(signal: Deno.Signal, listeners: ReadonlyMap<Deno.Signal, () => void>): void {
  for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  Deno.kill(Deno.pid, Deno.build.os === "windows" ? "SIGKILL" : signal);
  setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), 50);
}
