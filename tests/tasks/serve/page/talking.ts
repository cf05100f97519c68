// Steps of the test: asking, answering, conversing.
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { TextSource } from "../../../../tasks/serve/context.ts";
import { onPage, saying, serve } from "./fixture.ts";
import { ended, focused, type Parts, partsOf, until } from "./parts.ts";

/** Steps of the test. */
export async function talking(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
  const step = (name: string, options: BrowserContextOptions, use: (page: Page, parts: Parts) => Promise<void>) =>
    t.step(name, () => onPage(browser, url, options, (page) => use(page, partsOf(page))));

  await step("an answer streams; Stop ends it and what has come stays", {}, async (page, { answers, ask, control }) => {
    await control("Beams").fill("1");
    await control("Max new tokens").fill("2000");
    await control("Min new tokens").fill("400");
    await ask("算1加1");
    const said = answers.first().locator(".prose");
    await said.waitFor();
    const before = (await said.textContent())?.length ?? 0;
    await until(async () => ((await said.textContent())?.length ?? 0) > before);
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await ended(page);
    assertStringIncludes(await answers.first().locator(".figures").textContent() ?? "", "Stopped");
    assert(((await said.textContent())?.length ?? 0) > before);
    await page.getByRole("status").filter({ hasText: "Stopped" }).waitFor({ state: "attached" });
  });

  await step("an adapter answers otherwise than the base, and both stream side by side", {}, async (page, parts) => {
    const { answers, ask, control } = parts;
    await control("Beams").fill("1");
    await control("Max new tokens").fill("12");
    await control("Model").selectOption({ label: "learnt" });
    await control("Compare with").selectOption({ label: "base alone" });
    await ask("Name a red fruit");
    await page.locator(".answer").nth(1).waitFor();
    await ended(page);
    assertEquals(await answers.locator(".who").allTextContents(), ["learnt", "base"]);
    const [learnt, base] = await answers.locator(".said").allTextContents();
    assertNotEquals(learnt, base);
    await control("Compare with").selectOption({ label: "nobody" });
    await control("Model").selectOption({ label: "base alone" });
    await ask("Name a red fruit");
    await page.locator(".turn").nth(1).waitFor();
    await ended(page);
    const again = await page.locator(".turn").nth(1).locator(".prose").textContent();
    assertEquals(again, await page.locator(".turn").first().locator(".of-base .prose").textContent());
  });

  await step("beams are shown on wish", {}, async (page, { ask, control }) => {
    await control("Beams").fill("3");
    await control("Max new tokens").fill("6");
    await page.getByRole("switch", { name: "Show beams" }).check();
    await ask("Name a green fruit");
    await page.locator(".answer .figures").waitFor();
    await page.getByText("3 beams").click();
    const beams = page.locator(".beams li");
    assertEquals(await beams.count(), 3);
    const scores = (await beams.locator(".score").allTextContents()).map(Number);
    assertEquals(scores, scores.toSorted((a, b) => b - a));
  });

  await step("a single token is counted as one", {}, async (_, { answers, ask, control }) => {
    await control("Beams").fill("1");
    await control("Max new tokens").fill("1");
    await ask("Name a red fruit");
    const figures = await answers.first().locator(".figures").textContent() ?? "";
    assertStringIncludes(figures, "1 token in ");
  });

  await step(
    "a prompt that is too long is refused in the page's language",
    { locale: "zh-CN" },
    async (page, { ask }) => {
      await ask("算1加1 ".repeat(200));
      await page.locator(".answer .fault", { hasText: "提示超出了模型的长度" }).waitFor();
      await page.getByRole("status").filter({ hasText: "没有得到完整的回答" }).waitFor({ state: "attached" });
    },
  );

  await step("controls have recipe's ranges and say when they do nothing", {}, async (page, { control }) => {
    const temperature = control("Temperature");
    assertEquals(await temperature.inputValue(), "0.1");
    assertEquals([await temperature.getAttribute("min"), await temperature.getAttribute("max")], ["0", "1"]);
    const hint = page.locator('[data-control="temperature"] .hint');
    assertEquals(await hint.textContent(), "No effect: sampling is off.");
    await page.getByRole("switch", { name: "Sampling" }).check();
    assert(!(await hint.textContent())?.includes("No effect"));
    await temperature.fill("7");
    await temperature.blur();
    assertEquals(await temperature.inputValue(), "1", "the nearest that it can stand at");
    await temperature.fill("0");
    await temperature.blur();
    assertStringIncludes(await page.locator('[data-control="topP"] .hint').textContent() ?? "", "temperature 0");
    await page.reload();
    assertEquals(await temperature.inputValue(), "0", "the browser keeps it");
    await page.getByRole("tab", { name: "Chat" }).click();
    assertEquals(await temperature.inputValue(), "1", "each tab has its own");
  });
}

/** Steps of the test. */
export async function conversing(t: Deno.TestContext, browser: Browser, url: string, folder: string): Promise<void> {
  await t.step(
    "chat: the prompt has the history; a turn can be cancelled, all saved, cleared and loaded",
    () =>
      onPage(browser, `${url}#chat`, { acceptDownloads: true }, async (page) => {
        const { ask, control, message } = partsOf(page);
        // What the adapter was taught, until another is chosen: it answers badly in a form that it never saw.
        assertEquals(await control("Prompt type").inputValue(), "alpaca");
        await control("Prompt type").selectOption("chat");
        await control("System message").fill("Be brief.");
        await control("Beams").fill("1");
        await control("Max new tokens").fill("5");
        await ask("算2加3");
        await ended(page);
        await message.fill("再算一次");
        await page.getByRole("button", { name: "Prompt preview" }).click();
        const prompt = await page.locator("pre.prompt").textContent() ?? "";
        assertStringIncludes(prompt, "\nBe brief.\n\nUser:算2加3\n\nAssistant:");
        assert(prompt.endsWith("User:再算一次\n\nAssistant:"), prompt);
        await page.getByRole("button", { name: "Close" }).click();
        await message.press("Enter");
        await page.locator(".turn").nth(1).waitFor();
        await ended(page);
        const said = await page.locator(".said").allTextContents();
        const download = page.waitForEvent("download");
        await page.getByRole("button", { name: "Save" }).click();
        const path = `${folder}/chat.jsonl`;
        await (await download).saveAs(path);
        const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
        assertEquals(lines.map(({ type }) => type), ["conversation", "turn", "turn"]);
        assertEquals([lines[0].mode, lines[0].params.numbers.maxNewTokens], ["chat", 5]);
        await page.getByRole("button", { name: "Cancel last turn" }).click();
        assertEquals([await page.locator(".turn").count(), await message.inputValue()], [1, "再算一次"]);
        await page.getByRole("button", { name: "Clear" }).click();
        assertEquals(await page.locator(".turn").count(), 0);
        await control("Max new tokens").fill("9");
        await control("System message").fill("Be long.");
        await page.locator('input[type="file"]').setInputFiles(path);
        await page.locator(".turn").nth(1).waitFor();
        const loaded = await page.locator(".said").allTextContents();
        loaded.forEach((text, i) => assert(text === "The model said nothing." || said[i]?.startsWith(text)));
        assertEquals(await control("Max new tokens").inputValue(), "5");
        assertEquals(await control("System message").inputValue(), "Be brief.");
        await page.locator('input[type="file"]').setInputFiles(`${folder}/alpaca.json`);
        await page.getByRole("status").filter({ hasText: "cannot be loaded" }).waitFor();
      }),
  );

  await t.step(
    "all of it can be done with the keyboard alone",
    () =>
      onPage(browser, `${url}#data`, {}, async (page) => {
        const { message } = partsOf(page);
        await page.locator(".rows").waitFor();
        await page.keyboard.press("Tab");
        assertEquals(await focused(page), "Skip to content");
        await page.keyboard.press("Tab");
        assertEquals(await focused(page), "Data");
        await page.keyboard.press("ArrowRight");
        assertEquals([await focused(page), new URL(page.url()).hash], ["Instruct", "#instruct"]);
        await page.keyboard.press("ArrowRight");
        assertEquals(await focused(page), "Chat");
        await message.waitFor();
        const isThere = () => page.evaluate<boolean>("document.activeElement.matches('.composer textarea')");
        for (let i = 0; i < 20 && !await isThere(); i++) await page.keyboard.press("Tab");
        await page.keyboard.type("算1加1");
        await page.keyboard.press("Shift+Enter");
        await page.keyboard.type("?");
        assertEquals(await message.inputValue(), "算1加1\n?");
        await page.keyboard.press("Enter");
        await page.locator(".answer").waitFor();
        await page.keyboard.press("Escape");
        await ended(page);
        assertStringIncludes(await page.locator(".said").textContent() ?? "", "Stopped");
      }),
  );
}

/** Something in an answer that would act, fetch or deceive, if it were not taken out. */
const hostile = [
  "# Title\n\n**bold** `code`\n\n```html\n<b>shown as it is</b>\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |",
  "<script>globalThis.hacked = 1</script><img src=x onerror='globalThis.hacked = 1'><svg onload='globalThis.hacked = 1'>",
  "[click](javascript:globalThis.hacked=1) ![i](https://example.org/i.png) <form action=/api><input name=q></form>",
  "<p style='position:fixed' id=panel class=seal onclick='globalThis.hacked = 1'>plain</p>\n\n[good](https://example.org/)",
].join("\n\n");

/** Steps of the test. */
export async function answering(
  t: Deno.TestContext,
  browser: Browser,
  source: TextSource,
  cacheDir: string,
): Promise<void> {
  await t.step("what a model says is formatted, and can do nothing", async () => {
    const server = await serve(saying(hostile, source), cacheDir);
    try {
      await onPage(browser, server.url, {}, async (page) => {
        await partsOf(page).ask("hello");
        const prose = page.locator(".answer .prose");
        await page.locator(".answer .figures").waitFor();
        assertEquals(await prose.locator("h1, strong, pre code, td").allTextContents(), [
          ...["Title", "bold", "<b>shown as it is</b>\n", "1", "2"],
        ]);
        assertEquals(await prose.locator("script, img, svg, form, input, [style], [id], [onclick]").count(), 0);
        const links = await prose.locator("a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
        assertEquals(links, ["https://example.org/"]);
        assertEquals(await prose.locator("a[href]").getAttribute("rel"), "noopener noreferrer nofollow");
        await prose.getByText("plain").click();
        assertEquals(await page.evaluate("globalThis.hacked"), undefined);
        // The document in which DOMPurify reads the text, which does nothing, has the page's policy and reports it.
      }, /^(Executing|Applying) inline/);
    } finally {
      await server.close();
    }
  });

  await t.step("a server with a key asks for it, and no other will do", async () => {
    const access = { hosts: undefined, apiKey: "right", allowOrigins: [] };
    const server = await serve(saying("yes", source), cacheDir, { access });
    try {
      await onPage(browser, server.url, {}, async (page) => {
        const key = page.getByLabel("API key");
        const use = async (text: string) => {
          await key.fill(text);
          await key.press("Enter");
        };
        await use("wrong");
        await page.getByText("The server does not accept this key.").waitFor();
        // A refusal that comes after the right key has been taken is of no interest any more.
        const taken = Promise.withResolvers<void>();
        await page.route("**/api/state", async (route) => {
          if (route.request().headers().authorization === "Bearer late") await taken.promise;
          await route.continue();
        });
        const refused = page.waitForResponse((response) => response.status() === 401);
        await use("late");
        await use("right");
        await partsOf(page).ask("hello");
        await page.locator(".answer .prose").getByText("yes").waitFor();
        taken.resolve();
        await refused;
        assertEquals(await key.count(), 0);
        assertEquals(await page.locator(".answer .prose").count(), 1);
      });
    } finally {
      await server.close();
    }
  });
}
