// What the tests of the page look at.
import axe from "axe-core";
import type { Page } from "playwright-core";

/** What a page of the tests has. */
export interface Parts {
  readonly message: ReturnType<Page["getByLabel"]>;
  readonly answers: ReturnType<Page["locator"]>;
  control(name: string): ReturnType<Page["getByLabel"]>;
  ask(text: string): Promise<void>;
}

/** The parts of a page. */
export function partsOf(page: Page): Parts {
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

/** Waits until something is so. The page's policy forbids playwright's own way to do this. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited for ten seconds in vain");
}

/** Waits until no answer is on its way. */
export const ended = (page: Page): Promise<void> => page.locator('.turns[aria-busy="false"]').waitFor();

/** What axe calls serious or critical; with `rules`, only these are looked at. */
export async function seriousFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (rules) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(rules ? { runOnly: { type: "rule", values: rules } } : {}),
    rules && [...rules],
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Pixels by which the page is wider than its window. The page's own scope has a DOM, this file has none: hence strings. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** Text of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.textContent");
}

/** Language and colours of the page. */
export function rootOf(page: Page): Promise<[string, string]> {
  return page.evaluate<[string, string]>("[document.documentElement.lang, document.documentElement.dataset.theme]");
}
