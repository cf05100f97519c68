// A server with a tiny trained model, and a real browser that opens its page.
import { join } from "@std/path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { template } from "../../../../datasets/templates/templates.ts";
import { buildTokenizer } from "../../../../models/formats/tokenizer/tokenizer_builder.ts";
import { writeRandomModel } from "../../../../models/init_model.ts";
import { openGenerator } from "../../../../tasks/generation/open_generator.ts";
import { createApp } from "../../../../tasks/serve/app.ts";
import { DEFAULT_LIMITS, type ServeContext, type TextSource } from "../../../../tasks/serve/context.ts";
import { alpacaRows, belleRows, quickTraining, runTask, tinyConfig, writeData } from "../../children.ts";

/** Debian's browser. */
const executablePath = "/usr/bin/chromium";

/** Why there is no browser; undefined when there is one. */
export const browserMissing: string | undefined = exists(executablePath) ? undefined : `${executablePath} is absent`;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Opens the browser. Root must do without its sandbox. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: Deno.uid() === 0 ? ["--no-sandbox"] : [] });
}

/** A folder with a tiny model whose prompts leave room for answers, and the run of a training with all its results. */
export async function writeTrainedModel(folder: string): Promise<void> {
  const texts = [...belleRows, ...alpacaRows].flatMap((row) => [
    ...[template("alpaca").prompt(row), template("chat").prompt(row)],
    row.output,
  ]);
  await writeRandomModel(join(folder, "model"), {
    seed: 7,
    config: { ...tinyConfig, maxPositions: 512 },
    tokenizerJson: buildTokenizer(texts, tinyConfig.vocabularySize),
    initializerRange: 0.2,
  });
  await writeData(folder);
  const { code, stderr } = await runTask("train", folder, [
    ...quickTraining,
    ...["--max-steps", "12", "--eval-steps", "4", "--sample-steps", "4", "--samples", "0", "--learning-rate", "0.1"],
    ...["--output-path", "adapter"],
  ]);
  if (code !== 0) throw new Error(stderr);
}

/** A server that listens until it is closed. */
export interface TestServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a generator's page, on a free port unless one is named. */
export async function serve(
  generator: TextSource,
  cacheDir: string,
  more: Partial<ServeContext> = {},
  port = 0,
): Promise<TestServer> {
  const stop = new AbortController();
  const context: ServeContext = {
    ...{ generator, model: "tiny", device: "a device", fingerprint: "fp_test", template: "alpaca", language: "en" },
    ...{ cacheDir, signal: stop.signal },
    access: { hosts: undefined, apiKey: undefined, allowOrigins: [] },
    limits: { ...DEFAULT_LIMITS, requests: 16 },
    report: (error) => console.error(error),
    ...more,
  };
  const { app } = await createApp(context);
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, app.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    close: async () => {
      stop.abort();
      await server.shutdown();
    },
  };
}

/** A generator that takes its time, so that a test can act while it answers. */
export function slowed({ stream, ...rest }: TextSource, ms: number): TextSource {
  return {
    ...rest,
    async *stream(request) {
      for await (const event of stream(request)) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        yield event;
      }
    },
  };
}

/** A generator that says what it is told to, a few characters at a time. */
export function saying(text: string, { adapters, tokenizer, positions }: TextSource): TextSource {
  return {
    ...{ adapters, tokenizer, positions },
    async *stream() {
      for (let at = 0; at < text.length; at += 7) yield { type: "text", text: text.slice(at, at + 7), tokens: [] };
      await Promise.resolve();
      yield { type: "end", reason: "eos", promptTokens: 1, newTokens: 1, reusedTokens: 0 };
    },
  };
}

/** What the server needs of a generator. */
export function sourceOf(generator: TextSource): TextSource {
  const { adapters, tokenizer, positions } = generator;
  return { adapters, tokenizer, positions, stream: (request) => generator.stream(request) };
}

/** Opens the generator of {@linkcode writeTrainedModel}'s folder. */
export function openTrained(folder: string): ReturnType<typeof openGenerator> {
  const adapters = [{ name: "learnt", path: join(folder, "adapter") }];
  const source = { baseModel: join(folder, "model"), bits: 8, cacheDir: join(folder, ".vicuna"), adapters } as const;
  return openGenerator({ ...source, signal: new AbortController().signal }, () => {});
}

/** Does something with a page in a window of its own; whatever it reports as an error is one, but for what is tolerated. */
export async function onPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  // A refused call is the page's business: it shows why.
  tolerated = /^Failed to load resource/,
): Promise<void> {
  const context = await browser.newContext({ locale: "en-US", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(20_000);
  const faults: string[] = [];
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(new URL("/", url).href) && !/^(blob|data):/.test(address)) {
        faults.push(`called ${address}`);
      }
    });
    page.on("console", (message) => {
      if (message.type() === "error" && !tolerated.test(message.text())) faults.push(message.text());
    });
    await page.goto(url);
    await use(page);
    if (faults.length > 0) throw new Error(`the page reported: ${faults.join("; ")}`);
  } finally {
    await context.close();
  }
}
