// Server-sent events whose sender waits for a slow reader, but not for ever.
import { LinkedSignal } from "./linked_signal.ts";
import type { ServeLimits } from "./context.ts";

/** Text that may lie unread before the sender waits. */
const BUFFER_BYTES = 64 * 1024;

/** Sends one event; it is done when there is room for another. */
export type Send = (data: string) => Promise<void>;

/**
 * A response of server-sent events. `drive` sends them; its signal is aborted when the client goes away, or does not
 * read for `stallMs`. While nothing is sent, comments keep the connection alive.
 *
 * @param drive must handle its own errors; those that it throws end the stream as broken
 * @param client is aborted when the client goes away
 */
export function eventStream(
  drive: (send: Send, signal: AbortSignal) => Promise<void>,
  client: AbortSignal,
  { stallMs, keepAliveMs }: Pick<ServeLimits, "stallMs" | "keepAliveMs">,
): Response {
  const link = new LinkedSignal(client);
  const encoder = new TextEncoder();
  let room = Promise.withResolvers<void>();
  const start = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const write = (text: string) => controller.enqueue(encoder.encode(text));
    const send: Send = async (data) => {
      link.signal.throwIfAborted();
      write(`data: ${data}\n\n`);
      link.signal.throwIfAborted(); // writing may be what finds the connection closed, and cancels the stream at once
      if ((controller.desiredSize ?? 0) > 0) return;
      room = Promise.withResolvers();
      await within(room.promise, stallMs, link);
    };
    const alive = setInterval(() => {
      if ((controller.desiredSize ?? 0) > 0) write(": waiting\n\n");
    }, keepAliveMs);
    try {
      await drive(send, link.signal);
      controller.close();
    } catch (error) {
      controller.error(error); // no effect on a stream that the client has left
    } finally {
      clearInterval(alive);
      link[Symbol.dispose]();
    }
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void start(controller),
    pull: () => room.resolve(),
    cancel: () => link.abort(new DOMException("the client went away", "AbortError")),
  }, { highWaterMark: BUFFER_BYTES, size: (chunk) => chunk?.byteLength ?? 0 });
  return new Response(body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      // "no-transform" keeps proxies, and Deno itself, from compressing and so withholding events.
      "Cache-Control": "no-store, no-transform",
      "X-Accel-Buffering": "no",
    },
  });
}

/** Waits for room; aborts the link when there is none in time. */
async function within(room: Promise<void>, stallMs: number, link: LinkedSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = () => reject(link.signal.reason);
  const timer = setTimeout(() => link.abort(new DOMException("the client does not read", "TimeoutError")), stallMs);
  link.signal.addEventListener("abort", fail);
  try {
    await Promise.race([room, promise]);
  } finally {
    clearTimeout(timer);
    link.signal.removeEventListener("abort", fail);
  }
}
