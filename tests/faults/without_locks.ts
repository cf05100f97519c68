// Loaded before a program (`deno run --preload`): files cannot be locked, as on some network file systems.
const refuse = () => Promise.reject(Object.assign(new Error("No locks available (os error 37)"), { code: "ENOLCK" }));
Object.assign(Deno.FsFile.prototype, { lock: refuse, tryLock: refuse });
