// deno task serve: a page to talk to a model, and the OpenAI API.
import { deviceName } from "../kernels/gpu/device.ts";
import type { Language } from "./cli/language.ts";
import { detectLanguage } from "./cli/language.ts";
import { UsageError } from "./cli/usage_error.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { openGenerator } from "./generation/open_generator.ts";
import { publishersLine } from "./generation/generation_flags.ts";
import { chosenBase, namedAdapters, nameOfBase, templateOptionsOf } from "./generation/options.ts";
import { templateNameFor } from "./generation/conversation.ts";
import { createApp } from "./serve/app.ts";
import { DEFAULT_LIMITS, fingerprintOf, type ServeContext } from "./serve/context.ts";
import { addressOf, hostNames, listen, type Listening } from "./serve/listen.ts";
import { serveMessagesIn } from "./serve/messages.ts";
import { readServeOptions, type ServeOptions } from "./serve/options.ts";

const language = detectLanguage(Deno.args);
const messages = serveMessagesIn(language);

await runMain(language, async (signal) => {
  const options = readServeOptions(Deno.args, language);
  if (options !== undefined) await serve(options, language, signal);
}, messagesIn(language).servingWords);

/** Serves until the signal is aborted, which is its ordinary end. */
async function serve(options: ServeOptions, language: Language, signal: AbortSignal): Promise<void> {
  const baseModel = chosenBase(options.baseModel);
  const model = await nameOfBase(baseModel);
  const adapters = namedAdapters(options.loraPath, model, language);
  const source = { ...options, baseModel, adapters, positions: options.contextLength, signal };
  const opened = await openGenerator(source, (line) => console.error(line));
  try {
    const device = deviceName(opened.device.info);
    const context: ServeContext = {
      generator: opened.generator,
      model,
      device,
      fingerprint: await fingerprintOf(model, String(options.bits), device, ...adapters.map(({ name }) => name)),
      template: templateNameFor(options.template, opened.tokenizer),
      templateOptions: templateOptionsOf(options),
      language,
      cacheDir: options.cacheDir,
      access: {
        hosts: hostNames(options.host, options.allowHost),
        apiKey: options.apiKey,
        allowOrigins: options.allowOrigin,
      },
      limits: { ...DEFAULT_LIMITS, requests: options.slots + options.queue },
      signal,
      report: (error) => console.error(error),
    };
    const publishers = publishersLine(opened.tokenizer.generation.sampling, language);
    if (publishers !== undefined) console.error(publishers);
    const { app } = await createApp(context);
    const server = await listenOn(app, options, signal, context.report);
    console.log(messages.serving(addressOf(server.addr)));
    await server.finished;
  } finally {
    opened.close();
  }
}

/** Listens. Errors: the port is taken, or may not be taken. */
async function listenOn(...[app, options, signal, report]: Parameters<typeof listen>): Promise<Listening> {
  try {
    return await listen(app, options, signal, report);
  } catch (error) {
    const where = `${options.host}:${options.port}`;
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UsageError(messages.inUse(where));
    }
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.AddrNotAvailable) {
      throw new UsageError(`serve: ${where}: ${error.message}`);
    }
    throw error;
  }
}
