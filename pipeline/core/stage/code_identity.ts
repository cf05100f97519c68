import { dirname, fromFileUrl, relative, SEPARATOR } from "@std/path";
import { hashFile, isAbsent } from "../files.ts";
import { readModuleGraph, walkImports } from "./module_graph.ts";
import type { CodeRecord } from "../record.ts";
import type { StageCode } from "./stage_spec.ts";

/** The folder of this package; undefined when the package was not loaded from a local folder. */
const PACKAGE = import.meta.url.startsWith("file://") ? new URL("../../../", import.meta.url).href : undefined;

/** This package's own code, relative to its folder. A user's stage is identified without the files of it. */
const OWN_CODE = /^(mod\.ts|std\.d\.ts|(pipeline\/core|pipeline\/stages|kernels|models|datasets|tasks)\/.*)$/;

/**
 * Stands in the key of a user's stage for what it imports from this package. It is not the version of the program, which no
 * result depends on: it changes only when the same code of a user's may give another result than before.
 */
const OWN_CODE_NAME = "vicuna@0.1.0";

const described = new Map<string, Promise<CodeRecord>>();

/** What identifies a stage's code in its key. The modules of a user's stage are read once per process. */
export function identifyCode(code: StageCode): Promise<CodeRecord> {
  if (code.type === "version") return Promise.resolve({ version: code.version });
  let found = described.get(code.url);
  if (found === undefined) {
    found = describeModule(code.url);
    described.set(code.url, found);
  }
  return found;
}

/**
 * Digests of a module and of all local modules and texts that it imports, by path relative to the module's folder (so
 * that a moved checkout is the same code), and the versions of the packages that they import.
 */
export async function describeModule(url: string): Promise<CodeRecord & { files: Record<string, string> }> {
  const root = url.replace(/[?#].*$/, "");
  const graph = await readModuleGraph(root);
  const files: Record<string, string> = {};
  const packages = new Set<string>();
  const folder = dirname(fromFileUrl(root));
  const isLocal = (target: string) => target.startsWith("file://") && !isOwnCode(target) && !isPackaged(target);
  files[relativeName(folder, root)] = await digestOf(root);
  for (const { target } of walkImports(graph, root, isLocal)) {
    if (target === undefined || target.startsWith("node:")) continue;
    if (isLocal(target)) files[relativeName(folder, target)] = await digestOf(target);
    else if (isOwnCode(target)) packages.add(OWN_CODE_NAME);
    else packages.add(packageName(target, graph.modules.get(target)?.npmPackage));
  }
  return { files, packages: [...packages].sort() };
}

function isOwnCode(url: string): boolean {
  return PACKAGE !== undefined && url.startsWith(PACKAGE) && OWN_CODE.test(url.slice(PACKAGE.length));
}

function isPackaged(url: string): boolean {
  return url.includes("/node_modules/");
}

function packageName(url: string, npmPackage: string | undefined): string {
  if (npmPackage !== undefined) return `npm:${npmPackage}`;
  const inNodeModules = url.match(/\/node_modules\/(?:\.deno\/([^/]+)\/)?/);
  return inNodeModules?.[1] === undefined ? url : `npm:${inNodeModules[1]}`;
}

/** A module that is imported on demand may be absent; it then counts as that, so that its appearance is a change. */
async function digestOf(url: string): Promise<string> {
  try {
    return (await hashFile(fromFileUrl(url.replace(/[?#].*$/, "")))).sha256;
  } catch (error) {
    if (isAbsent(error)) return "absent";
    throw error;
  }
}

function relativeName(folder: string, url: string): string {
  return relative(folder, fromFileUrl(url.replace(/[?#].*$/, ""))).replaceAll(SEPARATOR, "/");
}
