// That documents name no file which is gone: every path in README, CONTRIBUTING, CHANGELOG and docs/.
import { assert, assertEquals } from "@std/assert";
import { basename, join } from "@std/path";
import { REPOSITORY } from "./repository.ts";

/** Tracked files by their paths; folders end in a slash. */
const paths = new Set<string>();

function walk(folder: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(join(REPOSITORY, folder))) {
    // What git ignores is a user's, such as the results of a training in the clone.
    if ([".git", ".vicuna", "vicuna-output", "node_modules"].includes(name)) continue;
    const path = folder + name + (isDirectory ? "/" : "");
    paths.add(path);
    if (isDirectory) walk(path);
  }
}
walk("");

const documents = [...paths].filter((path) => /^((README|CONTRIBUTING)[^/]*|CHANGELOG|docs\/[^/]*)\.md$/.test(path));

/** Paths from the top, such as `kernels/product/product.ts` or `tests/kernels/`, and bare names of modules between backticks. */
function mentioned(text: string): string[] {
  const inFolders = text.matchAll(/(?<![\w./*<-])\.?[\w-]+\/(?:[\w.-]+\/)*(?:[\w-][\w.-]*\.[a-z]+\d?\b)?/g);
  const bare = text.matchAll(/`([a-z]\w*\.(?:ts|tsx|wgsl))`/g);
  return [...[...inFolders].map(([path]) => path), ...[...bare].map(([, name]) => name!)];
}

/** Whether it says where something of this repository is, and not what a user's folder may be called. */
function isOurs(path: string): boolean {
  return /\.(tsx?|wgsl)$/.test(path) || paths.has(path.slice(0, path.indexOf("/") + 1)) && /(\.\w+|\/)$/.test(path);
}

/** Whether it is there, by its whole path or by the end of one. */
function exists(path: string): boolean {
  return paths.has(path) || [...paths].some((each) => each.endsWith(`/${path}`));
}

Deno.test("every path that a document names is there", () => {
  const found = documents.map((document) => {
    const text = Deno.readTextFileSync(join(REPOSITORY, document));
    return { document, ours: [...new Set(mentioned(text).filter(isOurs))] };
  });
  // Guards against reading nothing.
  assert(found.some(({ document, ours }) => document === "docs/architecture.md" && ours.includes("texels.ts")));
  assert(
    found.some(({ document, ours }) =>
      document === "CONTRIBUTING.zh.md" && ours.includes("kernels/product/product.ts")
    ),
  );
  const gone = found.flatMap(({ document, ours }) =>
    ours.filter((path) => !exists(path)).map((path) => `${document} names ${path}`)
  );
  assertEquals(gone, []);
});

Deno.test("links between documents lead to files", () => {
  const broken = documents.flatMap((document) => {
    const folder = document.slice(0, -basename(document).length);
    const links = Deno.readTextFileSync(join(REPOSITORY, document)).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g);
    return [...links].map(([, link]) => `${folder}${link}`).filter((path) => !paths.has(path) && !paths.has(`${path}/`))
      .map((path) => `${document} leads to ${path}`);
  });
  assertEquals(broken, []);
});

Deno.test("mentioned() finds paths from the top and bare modules, and leaves out placeholders and longer paths", () => {
  assertEquals(
    mentioned(
      "see kernels/a.ts, (docs/b.md#c) `d.wgsl` tests/kernels/<name>_test.ts x/y/z.json and tests/**/e.ts, f.ts",
    ),
    ["kernels/a.ts", "docs/b.md", "tests/kernels/", "x/y/z.json", "tests/", "d.wgsl"],
  );
});
