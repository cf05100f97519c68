import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { inFolder } from "../../children.ts";
import { browserMissing, onPage, openBrowser, openTrained, serve, writeTrainedModel } from "./fixture.ts";

const phone: BrowserContextOptions = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const tabs = ["instruct", "chat", "training", "data"] as const;

/** What a page of the tests has. */
interface Parts {
  readonly message: ReturnType<Page["getByLabel"]>;
  readonly answers: ReturnType<Page["locator"]>;
  control(name: string): ReturnType<Page["getByLabel"]>;
  ask(text: string): Promise<void>;
}

function partsOf(page: Page): Parts {
  const message = page.locator(".composer textarea").first();
  return {
    message,
    answers: page.locator(".answer"),
    control: (name) => page.getByLabel(name, { exact: true }),
    ask: async (text) => {
      await message.fill(text);
      await message.press("Enter");
    },
  };
}

/** Waits until no answer is on its way. */
const ended = (page: Page) => page.locator('.turns[aria-busy="false"]').waitFor();

async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Pixels by which the page is wider than its window. The page's own scope has a DOM, this file has none: hence strings. */
function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** Text of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.textContent");
}

/** Language and colours of the page. */
function rootOf(page: Page): Promise<[string, string]> {
  return page.evaluate<[string, string]>("[document.documentElement.lang, document.documentElement.dataset.theme]");
}

async function talking(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
  const step = (name: string, options: BrowserContextOptions, use: (page: Page, parts: Parts) => Promise<void>) =>
    t.step(name, () => onPage(browser, url, options, (page) => use(page, partsOf(page))));

  await step("an answer streams; Stop ends it and what has come stays", {}, async (page, { answers, ask, control }) => {
    await control("Beams").fill("1");
    await control("Max new tokens").fill("2000");
    await page.getByLabel("Model", { exact: true }).selectOption("");
    await ask("算1加1");
    const said = answers.first().locator(".prose");
    await said.waitFor();
    const before = (await said.textContent())?.length ?? 0;
    await page.waitForFunction(
      `document.querySelector(".answer .prose").textContent.length > ${before}`,
    );
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

async function conversing(t: Deno.TestContext, browser: Browser, url: string, folder: string): Promise<void> {
  await t.step(
    "chat: the prompt has the history; a turn can be cancelled, all saved, cleared and loaded",
    () =>
      onPage(browser, `${url}#chat`, { acceptDownloads: true }, async (page) => {
        const { ask, control, message } = partsOf(page);
        await control("Beams").fill("1");
        await control("Max new tokens").fill("5");
        await ask("算2加3");
        await ended(page);
        await message.fill("再算一次");
        await page.getByRole("button", { name: "Prompt preview" }).click();
        const prompt = await page.locator("pre.prompt").textContent() ?? "";
        assertStringIncludes(prompt, "User:算2加3\n\nAssistant:");
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
        await page.locator('input[type="file"]').setInputFiles(path);
        await page.locator(".turn").nth(1).waitFor();
        const loaded = await page.locator(".said").allTextContents();
        loaded.forEach((text, i) => assert(text === "The model said nothing." || said[i]?.startsWith(text)));
        assertEquals(await control("Max new tokens").inputValue(), "5");
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

async function looking(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
  await t.step(
    "training: figures, four charts, samples by step, stages with the reason",
    () =>
      onPage(browser, `${url}#training`, {}, async (page) => {
        const tiles = page.locator(".tiles > div");
        await tiles.filter({ hasText: "12 of 12" }).waitFor();
        assertEquals(await page.locator(".chart canvas").count(), 4);
        const label = await page.getByRole("img").first().getAttribute("aria-label") ?? "";
        assert(/^Loss over 12 steps: from [\d.]+ to [\d.]+; Eval loss over 12 steps/.test(label), label);
        const samples = page.locator(".samples");
        await samples.getByText("after step 12").waitFor();
        await samples.getByLabel("Step of the samples").press("Home");
        await samples.getByText("after step 4").waitFor();
        assertEquals(await page.locator(".stage .name").allTextContents(), [
          ...["quantize", "merge", "tokenize", "train", "evaluate"],
        ]);
        assertEquals(await page.locator(".stage .why").first().textContent(), "first run");
        await page.getByText("Figures as a table").click();
        assertEquals(await page.locator(".figures-table tbody tr").count(), 12 + 3);
      }),
  );

  await t.step(
    "data: what was merged, how long rows are, and the rows with what is learnt marked",
    () =>
      onPage(browser, `${url}#data`, {}, async (page) => {
        await page.getByText("32 rows to train on, 4 for validation").waitFor();
        assertEquals(await page.locator(".merge tbody th").allTextContents(), ["belle.jsonl", "alpaca.json"]);
        await page.getByRole("img", { name: /^Histogram of token counts: 32 rows/ }).waitFor();
        const rows = page.locator(".rows > li");
        await rows.nth(9).waitFor();
        const learnt = await rows.first().locator("mark").allTextContents();
        assert(/^(是\d|A \w+ \w+)<\/s>$/.test(learnt.join("")), learnt.join("|"));
        await page.getByRole("button", { name: "Next" }).click();
        await page.getByText("Row 11", { exact: true }).waitFor();
        await page.getByLabel("Split").selectOption({ label: "validation" });
        await page.getByText("1 – 4 of 4").waitFor();
      }),
  );
}

async function appearing(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
  await t.step(
    "the browser's language and colours are taken; a switch is kept",
    () =>
      onPage(browser, url, { locale: "zh-CN", colorScheme: "dark" }, async (page) => {
        await page.getByRole("tab", { name: "指令" }).waitFor();
        assertEquals(await rootOf(page), ["zh-Hans", "dark"]);
        for (const tab of ["训练", "数据", "对话"]) await page.getByRole("tab", { name: tab }).click();
        assertEquals(await page.getByLabel("温度", { exact: true }).inputValue(), "1");
        await page.getByRole("button", { name: "English" }).click();
        await page.getByRole("button", { name: "Light colours" }).click();
        await page.reload();
        await page.getByRole("tab", { name: "Chat", selected: true }).waitFor();
        assertEquals(await rootOf(page), ["en", "light"]);
      }),
  );

  await t.step(
    "a phone shows every tab without scrolling sideways, and its settings fold",
    () =>
      onPage(browser, url, { ...phone, locale: "zh-CN" }, async (page) => {
        const { message } = partsOf(page);
        await message.waitFor();
        assert(!await page.getByLabel("温度", { exact: true }).isVisible());
        await page.getByText("设置", { exact: true }).tap();
        await page.getByLabel("温度", { exact: true }).waitFor();
        await page.getByText("设置", { exact: true }).tap();
        for (const tab of tabs) {
          await page.goto(`${url}#${tab}`);
          await page.locator(".stage, .rows, .composer").first().waitFor();
          assertEquals(await overflow(page), 0, tab);
        }
      }),
  );

  await t.step("axe finds nothing serious in any tab, light and dark", () =>
    onPage(browser, url, {}, async (page) => {
      const { ask, control } = partsOf(page);
      const ready = { instruct: ".answer .figures", chat: ".composer", training: ".samples", data: ".rows" };
      for (const tab of tabs) {
        await page.goto(`${url}#${tab}`);
        if (tab === "instruct") {
          await control("Max new tokens").fill("4");
          await ask("算1加1");
        }
        await page.locator(ready[tab]).first().waitFor();
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
          assertEquals(await seriousFaults(page), [], `${tab}, ${colorScheme}`);
        }
      }
    }));
}

Deno.test({
  name: `the page in a real browser${browserMissing === undefined ? "" : ` (skipped: ${browserMissing})`}`,
  ignore: browserMissing !== undefined,
  // The browser's process, and connections that it leaves open, belong to playwright.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    inFolder(async (folder) => {
      await writeTrainedModel(folder);
      const opened = await openTrained(folder);
      const server = await serve(opened.generator, `${folder}/.vicuna`);
      const browser = await openBrowser();
      try {
        await talking(t, browser, server.url);
        await conversing(t, browser, server.url, folder);
        await looking(t, browser, server.url);
        await appearing(t, browser, server.url);
      } finally {
        await browser.close();
        await server.close();
        opened.close();
      }
    }),
});
