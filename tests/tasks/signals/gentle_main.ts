// A task that says when it waits, and needs a moment to end.
import { runMain } from "../../../tasks/cli/main.ts";

await runMain("en", async (signal) => {
  console.log("waiting");
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log("saved");
});
