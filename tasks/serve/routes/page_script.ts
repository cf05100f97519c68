// The page's script: its TypeScript and the packages that it uses, in one file for browsers.
import { fromFileUrl } from "@std/path";

const FOLDER = fromFileUrl(new URL("../page/", import.meta.url));

let made: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The script, made when it is first asked for. `deno bundle` takes a fraction of a second. */
export function pageScript(): Promise<Uint8Array<ArrayBuffer>> {
  made ??= bundle();
  made.catch(() => made = undefined); // the next one who asks tries again
  return made;
}

/**
 * Makes one file of the page's modules.
 *
 * @throws {Error} when `deno bundle` fails: on its first use it fetches its bundler, as packages are fetched
 */
async function bundle(): Promise<Uint8Array<ArrayBuffer>> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "main.tsx"],
    cwd: FOLDER,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  if (success) return stdout;
  throw new Error(`making the page's script: deno bundle failed\n${new TextDecoder().decode(stderr).trim()}`);
}
