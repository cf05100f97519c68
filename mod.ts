export * from "./pipeline/core/mod.ts";
