// What a model's own files mean to the server: its chat template and its generation_config.json. Looked at: /api/generate,
// /api/prompt and /api/state, /v1/chat/completions and /v1/completions, the page's first settings (page/talk/settings.ts),
// and the same in the terminal (chat/session.ts, generation/generation_flags.ts).
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { loadTokenizer, type Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { controlsFor } from "../../../tasks/generation/controls.ts";
import { paramsOf } from "../../../tasks/generation/generation_flags.ts";
import { initialSettings } from "../../../tasks/serve/page/talk/settings.ts";
import { LLAMA_JSON } from "../../models/sample_tokenizers.ts";
import { post, refusal, withServer } from "./testing.ts";

/** Refuses turns that do not alternate, and opens answers by a variable. */
const STRICT = "{%- for m in messages %}{%- if loop.index0 > 0 and m.role == messages[loop.index0 - 1].role %}" +
  "{{- raise_exception('roles must alternate') }}{%- endif %}{{- m.role + ': ' + m.content + '\n' }}{%- endfor %}" +
  "{{- 'quick: ' if enable_thinking is defined and enable_thinking is false else 'slow: ' }}";

/** A tokenizer with a strict chat template and a publisher's wishes. */
async function withTokenizer(use: (tokenizer: Tokenizer) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    const wishes = { do_sample: true, temperature: 0.6, top_p: 0.9, top_k: 20, repetition_penalty: 1.1 };
    await Deno.writeTextFile(join(folder, "tokenizer.json"), LLAMA_JSON);
    await Deno.writeTextFile(join(folder, "chat_template.jinja"), STRICT);
    await Deno.writeTextFile(join(folder, "generation_config.json"), JSON.stringify(wishes));
    using tokenizer = await loadTokenizer(folder);
    await use(tokenizer);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const say = (role: string, content: string) => ({ role, content });

Deno.test("a conversation that the chat template refuses gets 400 with the template's own words, everywhere", () =>
  withTokenizer((tokenizer) =>
    withServer({ tokenizer }, async ({ url, faults }) => {
      const messages = [say("user", "a"), say("user", "b")];
      for (
        const [path, body] of [["/v1/chat/completions", { model: "tiny", messages }], ["/api/generate", { messages }], [
          "/api/prompt",
          { messages },
        ]] as const
      ) {
        const { status, message } = await refusal(await post(`${url}${path}`, body));
        assertEquals(status, 400, path);
        assertStringIncludes(message, "roles must alternate");
      }
      assertEquals(faults, []);
    })
  ));

Deno.test("chat_template_kwargs of a request reach the chat template", () =>
  withTokenizer((tokenizer) =>
    withServer({ tokenizer }, async ({ url, generator }) => {
      const body = { model: "tiny", messages: [say("user", "the cat")] };
      await (await post(`${url}/v1/chat/completions`, body)).json();
      await (await post(`${url}/v1/chat/completions`, { ...body, chat_template_kwargs: { enable_thinking: false } }))
        .json();
      const prompts = generator.requests.map(({ prompt }) => tokenizer.decode(prompt));
      assertEquals(prompts, ["user: the cat\nslow: ", "user: the cat\nquick: "]);
    })
  ));

Deno.test("a prompt of text begins as the tokenizer has it and may hold control tokens, a message may not", () =>
  withTokenizer((tokenizer) =>
    withServer({ tokenizer }, async ({ url, generator }) => {
      await (await post(`${url}/v1/completions`, { model: "tiny", prompt: "the</s>cat" })).json();
      await (await post(`${url}/v1/chat/completions`, { model: "tiny", messages: [say("user", "</s>")] })).json();
      const [raw, message] = generator.requests.map(({ prompt }) => [...prompt]);
      assertEquals(raw, [1, ...tokenizer.encode("the"), 2, ...tokenizer.encode("cat")]);
      assertEquals(message!.includes(2), false);
    })
  ));

Deno.test("the publisher's sampling holds where a request says nothing, and is shown to the page", () =>
  withTokenizer((tokenizer) =>
    withServer({ tokenizer }, async ({ url, generator }) => {
      const body = { model: "tiny", messages: [say("user", "a")] };
      await (await post(`${url}/v1/chat/completions`, body)).json();
      await (await post(`${url}/v1/chat/completions`, { ...body, temperature: 0, top_p: 1 })).json();
      const [wished, asked] = generator.requests.map(({ params }) => params);
      assertEquals([wished!.doSample, wished!.temperature, wished!.topP, wished!.topK], [true, 0.6, 0.9, 20]);
      assertEquals([asked!.doSample, asked!.topP, asked!.repetitionPenalty], [false, 1, 1.1]);
      const { controls, doSample } = await (await fetch(`${url}/api/state`)).json();
      const first = initialSettings(controls, "chat", "tokenizer", doSample);
      assertEquals([first.doSample, first.numbers.temperature, first.numbers.beams], [true, 0.6, 1]);
    })
  ));

const flags = {
  ...{ maxNewTokens: 128, minNewTokens: 0, sample: false, topP: 1, topK: 0, minP: 0, beams: 1, repetitionPenalty: 1 },
  ...{ stop: [], seed: 0 },
};

Deno.test("the publisher's sampling holds in the terminal for flags that are not given", () => {
  const wishes = { doSample: true, temperature: 0.6, topP: 0.9 };
  const shown = (given: Record<string, unknown>) => {
    const { doSample, temperature, topP } = paramsOf({ ...flags, ...given }, wishes, new Set(Object.keys(given)));
    return [doSample, temperature, topP];
  };
  assertEquals(shown({}), [true, 0.6, 0.9]);
  assertEquals(shown({ temperature: 0 }), [false, 1, 1]);
  assertEquals(shown({ sample: false }), [false, 1, 1]);
  assertEquals(shown({ temperature: 0.2, topP: 0.5 }), [true, 0.2, 0.5]);
  assertEquals(paramsOf(flags).doSample, false);
  assertEquals(controlsFor({}).find(({ name }) => name === "beams")?.chat, 4);
});
