// What a source file means, so that a digest of it changes with its code alone: no comments, no types, no layout.
import { extname, join } from "@std/path";

/** What each of the files means, by its path; all are relative to the repository. */
export async function readMeanings(files: readonly string[], repository: string): Promise<Map<string, string>> {
  const scripts = await transpile(files.filter((file) => /\.tsx?$/.test(file)), repository);
  const meanings = new Map<string, string>();
  for (const file of files) {
    const script = scripts.get(file);
    if (script !== undefined) meanings.set(file, scriptTokens(script, file).join("\n"));
    else if (extname(file) === ".wgsl") meanings.set(file, shaderTokens(await read(join(repository, file))).join("\n"));
    else meanings.set(file, await read(join(repository, file)));
  }
  return meanings;
}

/** A file's bytes as characters, so that two files are never taken for one whatever is in them. */
async function read(path: string): Promise<string> {
  return new TextDecoder("latin1").decode(await Deno.readFile(path));
}

/** The files as JavaScript, their types erased, printed by Deno from what it parsed. */
async function transpile(files: readonly string[], repository: string): Promise<Map<string, string>> {
  if (files.length === 0) return new Map();
  const folder = await Deno.makeTempDir({ prefix: "vicuna-meaning-" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["transpile", "--quiet", "--no-config", "--outdir", folder, ...files],
      cwd: repository,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
    }).output();
    if (!success) throw new Error(`erasing the types of ${files.length} files: ${new TextDecoder().decode(stderr)}`);
    const read = async (file: string) =>
      [file, await Deno.readTextFile(join(folder, file.replace(/\.tsx?$/, ".js")))] as const;
    return new Map(await Promise.all(files.map(read)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const token = new RegExp(
  [
    /(?<space>\s+|\/\/.*|\/\*[^]*?\*\/)/,
    /(?<word>[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*)/u,
    /(?<value>"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|\.?\d(?:[eE][+-]|[\w.])*)/,
    /(?<mark>>>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.|\+\+|--|[-+*%&|^]=|<<|>>|\*\*)/,
    /(?<sign>[()[\];,<>+\-*%&|^!~?:=.])/,
  ].map(({ source }) => source).join("|"),
  "yu",
);
const regularExpression = /\/(?:[^\\/[\n]|\\.|\[(?:[^\\\]\n]|\\.)*\])+\/[a-z]*/yu;
const templateText = /(?:[^\\`$]|\\[^]|\$(?!\{))*/yu;

/** Words after which a slash begins a regular expression. */
const BEFORE_EXPRESSION = new Set(
  "return typeof case in of instanceof new delete void throw do else await yield extends default".split(" "),
);

/** The tokens of JavaScript, without comments. It must end its statements with semicolons, as Deno prints them. */
export function scriptTokens(code: string, file: string): string[] {
  const tokens: string[] = [];
  // For each brace that is open, whether it is that of a template's expression.
  const braces: boolean[] = [];
  let at = 0;
  let afterValue = false;
  const take = (expression: RegExp) => {
    expression.lastIndex = at;
    const match = expression.exec(code);
    if (match) at = expression.lastIndex;
    return match;
  };
  const fail = (): never => {
    const line = code.slice(0, at).split("\n").length;
    throw new Error(
      `reading the tokens of ${file}: cannot make out "${code.slice(at, at + 20)}" in line ${line} of it`,
    );
  };
  const takeTemplate = () => {
    tokens.push(`\`${(take(templateText) ?? fail())[0]}`);
    if (code[at] === undefined) fail();
    const ends = code[at] === "`";
    if (!ends) braces.push(true);
    at += ends ? 1 : 2;
    afterValue = ends;
  };
  while (at < code.length) {
    const found = take(token)?.groups;
    if (found) {
      if (found.space !== undefined) continue;
      const text = (found.word ?? found.value ?? found.mark ?? found.sign)!;
      afterValue = found.word !== undefined
        ? tokens.at(-1) === "." || !BEFORE_EXPRESSION.has(text)
        : found.value !== undefined || /^(?:[)\]]|\+\+|--)$/.test(text);
      tokens.push(text);
      continue;
    }
    const sign = code[at]!;
    if (sign === "/") {
      const expression = afterValue ? undefined : take(regularExpression);
      tokens.push(expression?.[0] ?? (code[++at] === "=" ? (at++, "/=") : "/"));
      afterValue = expression != null;
    } else if (sign === "`") {
      at++;
      takeTemplate();
    } else if (sign === "{") {
      at++;
      braces.push(false);
      tokens.push(sign);
      afterValue = false;
    } else if (sign === "}" && braces.length > 0) {
      at++;
      tokens.push(sign);
      if (braces.pop()) takeTemplate();
      else afterValue = true;
    } else fail();
  }
  if (braces.length > 0) fail();
  return tokens;
}

/** The tokens of a WGSL template, without comments. Its directives, which have a line each, are tokens. */
export function shaderTokens(source: string): string[] {
  return source.replace(/\/\*[^]*?\*\//g, " ").split("\n").flatMap((line) => {
    if (/^\s*\/\/% /.test(line)) return [line.trim().replace(/\s+/g, " ")];
    return line.replace(/\/\/.*/, "").match(/[\w.]+|[^\s\w.]/g) ?? [];
  });
}
