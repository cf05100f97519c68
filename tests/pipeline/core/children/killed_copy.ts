// Copies results to a folder, and is killed at a rename.
import { copyTargets } from "../../../../pipeline/core/records/copy_targets.ts";

const { targets, out, point } = JSON.parse(Deno.args[0]!);
const { rename } = Deno;
let left = point;
Deno.rename = async (from, to) => {
  if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
  await rename(from, to);
};
await copyTargets({ targets }, out);
