// Nothing in a report tells whose machine it was: no names of people or machines, no paths.
import { fromFileUrl } from "@std/path";
import { homedir, hostname, userInfo } from "node:os";

/** What must not be told. */
export interface Secrets {
  /** Names of the machine and of its user. */
  readonly names: readonly string[];
  /** Folders whose names may have spaces, and so are no path that can be seen by its form. */
  readonly folders: readonly string[];
}

const project = fromFileUrl(new URL("../../", import.meta.url));

/** What can be read, or nothing: a user may have no entry. */
function attempt(read: () => string): string[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}

/** The secrets of this machine. */
export function secretsHere(): Secrets {
  const host = hostname();
  const variables = ["USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "COMPUTERNAME"];
  const names = [host, host.split(".")[0]!, ...attempt(() => userInfo().username)];
  names.push(...variables.map((name) => Deno.env.get(name) ?? ""));
  const folders = [
    ...attempt(homedir),
    ...attempt(() => Deno.cwd()),
    ...["TMPDIR", "TEMP"].map((name) => Deno.env.get(name) ?? ""),
  ];
  return {
    names: [...new Set(names)].filter((name) => name.length > 1),
    folders: [...new Set(folders)].filter((folder) => folder.length > 1),
  };
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\\/]/g, "\\$&");

/** What may follow the beginning of a path. */
const tail = /[^\s"'`<>|,;()]*/.source;
/** An absolute path, or the address of a file: not the slash of `GB/s`, `</s>` or `https://…`. */
const path = new RegExp(
  /(?<![\p{L}\p{N}.<>\/\\-])(?!(?<=\p{L}:)\/\/)(?:file:\/+)?(?:[A-Za-z]:)?[\\\/]+[^\s"'`<>|,;()\\\/]/u.source + tail,
  "gu",
);
/** Where a path ends: the place in a file is worth keeping. */
const place = /(?::\d+){1,2}$/;

function scrubText(text: string, { names, folders }: Secrets): string {
  // A place in the project's own sources says what failed, and nothing of the machine.
  let clean = text.replaceAll(new RegExp(`(?:file:/+)?${escaped(project.replace(/^\//, ""))}`, "g"), "<project>/")
    .replaceAll("/<project>", "<project>");
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    clean = clean.replaceAll(new RegExp(`(?:file:/+)?${escaped(folder)}${tail}`, "gu"), "<path>");
  }
  clean = clean.replaceAll(path, (found) => `<path>${place.exec(found)?.[0] ?? ""}`);
  for (const name of names) {
    const whole = new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped(name)}(?![\p{L}\p{N}])`, "giu");
    clean = clean.replaceAll(whole, "<name>");
  }
  return clean;
}

/** A copy of a value of JSON in which every text, keys too, is without secrets. */
export function scrub<T>(value: T, secrets: Secrets): T {
  if (typeof value === "string") return scrubText(value, secrets) as T;
  if (Array.isArray(value)) return value.map((each) => scrub(each, secrets)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [scrubText(key, secrets), scrub(each, secrets)]);
  return Object.fromEntries(entries) as T;
}
