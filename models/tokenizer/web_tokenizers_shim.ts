// MLC's package is an Emscripten build that looks for CommonJS globals when it loads; this module must be imported
// before it.
import { createRequire } from "node:module";

Object.assign(globalThis, {
  require: createRequire(import.meta.url),
  __dirname: import.meta.dirname,
  __filename: import.meta.filename,
});
