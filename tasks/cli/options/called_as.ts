/** Where the script `vicuna` leaves what it was called by, such as `./vicuna`. */
const LAUNCHER = "VICUNA_LAUNCHER";

/** How the user calls a task: `./vicuna train` when that script started this process, else `deno task train`. */
export function calledAs(
  task: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  return `${env(LAUNCHER) || "deno task"} ${task}`;
}
