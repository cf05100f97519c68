// OpenAI's API (openai/), by its routes and by the client that OpenAI publishes.
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import type { TextRequest } from "../../../models/generation/request.ts";
import { post, type TestServer, until, withServer } from "./testing.ts";

const clientOf = ({ url }: Pick<TestServer, "url">, apiKey = "none") =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

const hello = { role: "user", content: "hello" } as const;
const chat = { model: "tiny", messages: [hello], seed: 7 };

const IMAGE = [{ type: "text", text: "what is it?" }, { type: "image_url", image_url: { url: "data:," } }];

const paramsIn = (request: TextRequest | undefined) => {
  assert(request !== undefined);
  return request.params;
};

Deno.test("models are the base and the adapters, also by names with a slash", () =>
  withServer({}, async (server) => {
    const client = clientOf(server);
    const ids: string[] = [];
    for await (const { id, object } of client.models.list()) {
      assertEquals(object, "model");
      ids.push(id);
    }
    assertEquals(ids, ["tiny", "poet", "runs/checkpoint-20"]);
    assertEquals((await client.models.retrieve("runs/checkpoint-20")).id, "runs/checkpoint-20");
    await assertRejects(() => client.models.retrieve("gpt"), NotFoundError, "there are: tiny, poet");
  }));

Deno.test("a chat completion has the answer, its end and what it used; the model's name picks the adapter", () =>
  withServer({ text: " one two" }, async (server) => {
    const { generator } = server;
    const { id, object, model, choices, usage, system_fingerprint } = await clientOf(server).chat.completions.create({
      ...chat,
      model: "poet",
    });
    assert(id.startsWith("chatcmpl-"));
    assertEquals([object, model, system_fingerprint], ["chat.completion", "poet", "fp_test"]);
    assertEquals(choices, [{
      index: 0,
      // Space before an answer is left out.
      message: { role: "assistant", content: "one two", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    }]);
    const [request] = generator.requests;
    assertEquals(request?.adapter, "poet");
    assertEquals(usage?.prompt_tokens, request?.prompt.length);
    assertEquals(usage?.completion_tokens, generator.tokens);
    assertEquals(usage?.total_tokens, (request?.prompt.length ?? 0) + generator.tokens);
  }));

Deno.test("a streamed chat completion says the same in pieces; the last one has the usage when that is asked for", () =>
  withServer({}, async (server) => {
    const client = clientOf(server);
    const whole = await client.chat.completions.create(chat);
    const stream = await client.chat.completions.create({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    assert(chunks.every(({ object, id }) => object === "chat.completion.chunk" && id === chunks[0]?.id));
    assertEquals(chunks[0]?.choices[0]?.delta.role, "assistant");
    const deltas = chunks.map(({ choices }) => choices[0]?.delta.content ?? "");
    assertEquals(deltas.join(""), whole.choices[0]?.message.content);
    assert(deltas.filter((each) => each !== "").length > 1, "it comes in pieces");
    const ends = chunks.flatMap(({ choices }) => choices.flatMap((choice) => choice.finish_reason ?? []));
    assertEquals(ends, ["stop"]);
    assertEquals(chunks.at(-1)?.choices, []);
    assertEquals(chunks.at(-1)?.usage, whole.usage);
    const plain = await Array.fromAsync(await client.chat.completions.create({ ...chat, stream: true }));
    assert(plain.every((chunk) => !("usage" in chunk)));
    // The client's own gathering of pieces agrees.
    const gathered = await client.chat.completions.stream(chat).finalChatCompletion();
    assertEquals(gathered.choices[0]?.message.content, whole.choices[0]?.message.content);
  }));

Deno.test("parameters reach the generator as they were meant, those of other servers too", () =>
  withServer({}, async (server) => {
    const { generator } = server;
    const client = clientOf(server);
    const extra = { top_k: 5, min_p: 0.1, repetition_penalty: 1.2, min_tokens: 2 };
    await client.chat.completions.create({
      ...chat,
      ...extra,
      temperature: 0.5,
      top_p: 0.9,
      max_completion_tokens: 3,
      stop: ["one", "two"],
    });
    assertEquals(paramsIn(generator.requests[0]), {
      maxNewTokens: 3,
      minNewTokens: 2,
      doSample: true,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      minP: 0.1,
      beams: 1,
      repetitionPenalty: 1.2,
      seed: 7,
      stop: ["one", "two"],
    });
    const { choices } = await client.chat.completions.create({ ...chat, temperature: 0, max_tokens: 1, stop: "one" });
    assertEquals(choices[0]?.finish_reason, "length");
    const greedy = paramsIn(generator.requests[1]);
    assertEquals([greedy.doSample, greedy.maxNewTokens, greedy.stop], [false, 1, ["one"]]);
    // OpenAI's defaults: sampling at temperature 1, 16 tokens of a completion, another seed each time.
    const { messages: _, seed: __, ...model } = chat;
    for (let i = 0; i < 2; i++) await client.completions.create({ ...model, prompt: "a" });
    const [one, two] = generator.requests.slice(2).map(paramsIn);
    assertEquals([one?.doSample, one?.temperature, one?.maxNewTokens], [true, 1, 16]);
    assertNotEquals(one?.seed, two?.seed);
  }));

Deno.test("n answers have their own seeds, and their pieces their own index", () =>
  withServer({}, async (server) => {
    const client = clientOf(server);
    const { choices, usage } = await client.chat.completions.create({ ...chat, n: 3 });
    assertEquals(choices.map(({ index }) => index), [0, 1, 2]);
    const { requests, tokens } = server.generator;
    assertEquals(requests.map(({ params }) => params.seed), [7, 8, 9]);
    // The prompt counts once.
    assertEquals([usage?.prompt_tokens, usage?.completion_tokens], [requests[0]?.prompt.length, tokens]);
    const texts = ["", "", ""];
    for await (const chunk of await client.chat.completions.create({ ...chat, n: 3, stream: true })) {
      for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? "";
    }
    assertEquals(texts, choices.map(({ message }) => message.content));
  }));

Deno.test("log-probabilities are told of each token, with as many others as were asked for", () =>
  withServer({ text: "one 二" }, async (server) => {
    const client = clientOf(server);
    const { choices } = await client.chat.completions.create({ ...chat, logprobs: true, top_logprobs: 2 });
    const content = choices[0]?.logprobs?.content ?? [];
    assertEquals(content.length, server.generator.tokens);
    const bytes = new Uint8Array(content.flatMap(({ bytes }) => bytes ?? []));
    assertEquals(new TextDecoder().decode(bytes).trim(), choices[0]?.message.content);
    for (const { logprob, top_logprobs } of content) {
      assertEquals(logprob, -0.5);
      // JSON has no infinity.
      assertEquals(top_logprobs.map((each) => each.logprob), [-0.5, -9999]);
    }
    const stream = await client.chat.completions.create({ ...chat, logprobs: true, stream: true });
    const streamed = (await Array.fromAsync(stream)).flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
    assertEquals(streamed, content.map((each) => ({ ...each, top_logprobs: [] })));

    const completion = await client.completions.create({ model: "tiny", prompt: "a", logprobs: 1 });
    const [{ text, logprobs } = { text: "", logprobs: null }] = completion.choices;
    assertEquals(logprobs?.token_logprobs, content.map(() => -0.5));
    assertEquals(logprobs?.text_offset?.[0], 0);
    for (const [i, token] of (logprobs?.tokens ?? []).entries()) {
      // Parts of a character, and the space that the tokenizer puts before a text, are no text of their own.
      if (token.startsWith("bytes:") || token === " ") continue;
      assert(text.startsWith(token, logprobs?.text_offset?.[i]), `${token} of ${text}`);
    }
  }));

Deno.test("a completion goes on from texts or ids, and echoes them on wish", () =>
  withServer({}, async (server) => {
    const { generator } = server;
    const client = clientOf(server);
    const { tokenizer } = generator;
    const ids = [...tokenizer.encode("two")];
    const text = (await client.completions.create({ model: "tiny", prompt: "two" })).choices[0]?.text;
    assertEquals(generator.requests[0]?.prompt, [tokenizer.bosId, ...ids]);
    await client.completions.create({ model: "tiny", prompt: ids });
    assertEquals(generator.requests[1]?.prompt, ids);
    const { choices, usage } = await client.completions.create({
      model: "tiny",
      prompt: ["two", "three"],
      n: 2,
      echo: true,
    });
    assertEquals(choices.map((choice) => choice.text), ["two", "two", "three", "three"].map((echo) => echo + text));
    const used = generator.requests.slice(2).map(({ prompt }) => prompt.length);
    assertEquals(usage?.prompt_tokens, (used[0] ?? 0) + (used[2] ?? 0));
    const stream = await client.completions.create({ model: "tiny", prompt: "two", echo: true, stream: true });
    const pieces = (await Array.fromAsync(stream)).flatMap(({ choices }) => choices);
    assertEquals(pieces.map((piece) => piece.text).join(""), `two${text}`);
    assertEquals(pieces.at(-1)?.finish_reason, "stop");
  }));

Deno.test("what cannot be honoured is refused by the client's own classes of errors, and nothing is generated", () =>
  withServer({}, async (server) => {
    const client = clientOf(server);
    const wrong: [Record<string, unknown>, string, string | null][] = [
      [{ presence_penalty: 1 }, "presence_penalty", "unsupported_parameter"],
      [{ frequency_penalty: -1 }, "frequency_penalty", "unsupported_parameter"],
      [{ logit_bias: { "5": 1 } }, "logit_bias", "unsupported_parameter"],
      [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools", "unsupported_parameter"],
      [{ response_format: { type: "json_object" } }, "response_format", "unsupported_parameter"],
      [{ top_logprobs: 1 }, "top_logprobs", "unsupported_parameter"],
      [{ temperature: 3 }, "temperature", "invalid_value"],
      [{ n: 0 }, "n", "invalid_value"],
      [{ messages: [] }, "messages", "invalid_value"],
      [{ messages: [hello, { role: "assistant", content: "a" }] }, "/v1/completions goes on from any", "invalid_value"],
      [{ messages: [{ role: "user", content: IMAGE }] }, "only text is read", "invalid_value"],
      [{ messages: [{ role: "user", content: IMAGE }] }, 'found a part of type "image_url"', "invalid_value"],
      [{ messages: [{ role: "user", content: 5 }] }, "only text is read", "invalid_value"],
      [{ messages: [{ role: "tool", content: "a" }] }, 'found the role "tool"', "invalid_value"],
      [{ messages: [{ content: "a" }] }, "system, developer, user, assistant are read", "invalid_value"],
      [{ colour: "red" }, "colour", "unknown_parameter"],
      [{ messages: [{ role: "user", content: "word ".repeat(300) }] }, "leave room", "context_length_exceeded"],
    ];
    for (const [more, said, code] of wrong) {
      for (const stream of [false, true]) {
        const send = () => client.chat.completions.create({ ...chat, ...more, stream });
        const error = await assertRejects(send, BadRequestError, said);
        assertEquals([error.type, error.code], ["invalid_request_error", code]);
      }
    }
    // Zero asks for nothing.
    await client.chat.completions.create({ ...chat, presence_penalty: 0, frequency_penalty: 0, tools: [] });
    assertEquals(server.generator.requests.length, 1);
    await assertRejects(() => client.chat.completions.create({ ...chat, model: "gpt" }), NotFoundError, "gpt");
    const completion = (more: object) => client.completions.create({ model: "tiny", prompt: "a", ...more });
    await assertRejects(() => completion({ suffix: "b" }), BadRequestError, "suffix");
    await assertRejects(() => completion({ best_of: 2 }), BadRequestError, "best_of");
    await assertRejects(() => completion({ prompt: [5, 1_000_000] }), BadRequestError, "found 1000000");
    await assertRejects(() => completion({ prompt: Array(10).fill("a"), n: 10 }), BadRequestError, "64");
    assertEquals(server.generator.requests.length, 1);
    assertEquals(server.faults, []);
  }));

Deno.test("a field at null asks for nothing, whichever it is", () =>
  withServer({ text: "one two" }, async (server) => {
    const nothing = (names: string) => Object.fromEntries(names.split(" ").map((name) => [name, null]));
    const common = "temperature top_p n stop max_tokens stream stream_options presence_penalty frequency_penalty " +
      "logit_bias logprobs user seed";
    const ofChat = "max_completion_tokens top_logprobs response_format tools functions tool_choice function_call " +
      "parallel_tool_calls modalities audio prediction reasoning_effort verbosity web_search_options metadata store " +
      "service_tier prompt_cache_key prompt_cache_retention safety_identifier chat_template_kwargs";
    const said = async (path: string, body: object) => {
      const response = await post(`${server.url}/v1${path}`, body);
      const { choices, error } = await response.json();
      return error?.message ?? choices[0].message?.content ?? choices[0].text;
    };
    const turn = {
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: null,
      function_call: null,
      audio: null,
    };
    const messages = [hello, turn, { ...hello, name: null }];
    assertEquals(await said("/chat/completions", { ...nothing(`${common} ${ofChat}`), ...chat, messages }), "one two");
    const body = { ...nothing(`${common} echo suffix best_of`), model: "tiny", prompt: "a" };
    assertEquals(await said("/completions", body), "one two");
    const [first, second] = server.generator.requests.map(paramsIn);
    assertEquals([first?.temperature, first?.doSample, second?.maxNewTokens], [1, true, 16]);
  }));

Deno.test("the client's key is checked, and a full queue makes it try again after a while", async () => {
  await withServer({ access: { apiKey: "sesame" } }, async (server) => {
    await assertRejects(() => clientOf(server, "other").models.list(), AuthenticationError, "not this server's");
    assertEquals((await clientOf(server, "sesame").models.list()).data.length, 3);
  });
  await withServer({ limits: { requests: 1 }, endless: true, tokenMs: 20 }, async (server) => {
    const stream = await clientOf(server).chat.completions.create({ ...chat, stream: true });
    const refused = await assertRejects(() => clientOf(server).chat.completions.create(chat), RateLimitError);
    assert(Number(refused.headers?.get("retry-after")) >= 1);
    const patient = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 2 });
    const later = patient.chat.completions.create({ ...chat, max_tokens: 1 });
    stream.controller.abort();
    assertEquals((await later).usage?.completion_tokens, 1);
  });
});

Deno.test("leaving a stream early ends its generation; one that fails throws in the client", async () => {
  await withServer({ endless: true, tokenMs: 2 }, async (server) => {
    const { generator } = server;
    for await (const chunk of await clientOf(server).chat.completions.create({ ...chat, stream: true, n: 2 })) {
      if (chunk.choices[0]?.delta.content) break;
    }
    await until(() => generator.active === 0 && server.inside() === 0, "both answers ended");
    assert(generator.tokens < 100);
    assertEquals(server.faults, []);
  });
  await withServer({ failsAfter: 1 }, async (server) => {
    const read = async () =>
      await Array.fromAsync(
        await clientOf(server).completions.create({
          model: "tiny",
          prompt: "a",
          stream: true,
        }),
      );
    assertStringIncludes((await assertRejects(read, APIError)).message, "the server failed");
  });
});
