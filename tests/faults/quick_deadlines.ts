// Loaded before a program (`deno run --preload`): what would be waited for half a minute is waited for half a second.
const { setTimeout: real } = globalThis;
const quick = (callback: () => void, ms = 0) => real(callback, ms >= 30_000 ? 500 : ms);
Object.assign(globalThis, { setTimeout: quick });
