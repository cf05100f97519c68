// Steps of the test: trainings, data, languages, colours, phones, accessibility.
import { assert, assertEquals } from "@std/assert";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { TextSource } from "../../../../tasks/serve/context.ts";
import { inFolder } from "../../children.ts";
import { startTraining } from "../slow_training.ts";
import { onPage, serve } from "./fixture.ts";
import { overflow, partsOf, rootOf, seriousFaults } from "./parts.ts";

const phone: BrowserContextOptions = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const tabs = ["instruct", "chat", "training", "data"] as const;

/** Steps of the test. */
export async function looking(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
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

/** Steps of the test. */
export async function appearing(t: Deno.TestContext, browser: Browser, url: string): Promise<void> {
  await t.step(
    "the browser's language and colours are taken; a switch is kept",
    () =>
      onPage(browser, url, { locale: "zh-CN", colorScheme: "dark" }, async (page) => {
        await page.getByRole("tab", { name: "指令" }).waitFor();
        assertEquals(await rootOf(page), ["zh-Hans", "dark"]);
        await page.getByRole("tab", { name: "训练" }).click();
        await page.locator(".stage .why", { hasText: "首次运行" }).first().waitFor();
        for (const tab of ["数据", "对话"]) await page.getByRole("tab", { name: tab }).click();
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
        for (const name of ["预览提示", "撤销上一轮", "清空", "保存", "载入"]) {
          const { x = 0, width = 999 } = await page.getByRole("button", { name, exact: true }).boundingBox() ?? {};
          assert(x >= 0 && x + width <= 390, `${name} ends at ${x + width}`);
        }
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
          assertEquals(
            await seriousFaults(page, colorScheme === "dark" ? ["color-contrast"] : undefined),
            [],
            `${tab}, ${colorScheme}`,
          );
        }
      }
    }));
}

/** Steps of the test. */
export async function following(t: Deno.TestContext, browser: Browser, source: TextSource): Promise<void> {
  await t.step(
    "a training that runs elsewhere is followed: steps, time left, curves",
    () =>
      inFolder(async (cacheDir) => {
        const training = startTraining(cacheDir);
        await training.tell('{"step":1,"loss":3.5,"elapsed":30}\n{"step":2,"loss":3.25,"elapsed":60}\n', 2);
        const server = await serve(source, cacheDir);
        try {
          await onPage(browser, `${server.url}#training`, {}, async (page) => {
            const tiles = page.locator(".tiles");
            await tiles.getByText("2 of 10").waitFor();
            await tiles.getByText("4 min 0 s").waitFor(); // eight steps of thirty seconds
            await page.locator(".stage.running progress").waitFor();
            await training.tell('{"step":3,"loss":2.125,"elapsed":90}\n', 3);
            await tiles.getByText("3 of 10").waitFor();
            await tiles.getByText("2.125").waitFor();
            await training.end();
            await page.locator(".status.done").waitFor();
          });
        } finally {
          await training.end();
          await server.close();
        }
      }),
  );
}
