// The page in a real browser: what stays over a reload, in a link, and while the server is gone.
import { assert, assertEquals } from "@std/assert";
import type { Browser } from "playwright-core";
import { type RunRecord, writeRun } from "../../pipeline/core/upkeep.ts";
import type { TextSource } from "../../tasks/serve/context.ts";
import { inFolder } from "../tasks/children.ts";
import { startTraining } from "../tasks/serve/slow_training.ts";
import { ScriptedGenerator, tinyTokenizer } from "../tasks/serve/testing.ts";
import { browserMissing, onPage, openBrowser, saying, serve, slowed } from "../tasks/serve/page/fixture.ts";
import { ended, partsOf, seriousFaults, until } from "../tasks/serve/page/parts.ts";

/** Writes runs that have planned a merge and a training: one that runs, and one before and after it that do not. */
async function writeRuns(cacheDir: string): Promise<void> {
  const at = new Date().toISOString();
  const record = (id: string, more: Pick<RunRecord, "status"> & Partial<RunRecord>) =>
    writeRun(cacheDir, {
      ...{ format: 1, id, pipeline: id, startedAt: at, options: {}, stages: [], planned: ["merge", "train"] },
      ...more,
    });
  const current = { stage: "merge", key: "0", because: "first run", reason: { type: "first" }, startedAt: at } as const;
  await record("a-done", { status: "done" });
  // A sign of life that stays fresh however long the test takes.
  await record("b-runs", { status: "running", current, seenAt: new Date(Date.now() + 3600_000).toISOString() });
  await record("c-fails", { status: "failed", current, failure: { stage: "merge", message: "row 3: <b>no\nrow</b>" } });
}

Deno.test({
  name: `what stays of the page${browserMissing === undefined ? "" : ` (skipped: ${browserMissing})`}`,
  ignore: browserMissing !== undefined,
  // The browser's process, and connections that it leaves open, belong to playwright.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const browser = await openBrowser();
    try {
      await staying(t, browser, new ScriptedGenerator(await tinyTokenizer(), {}));
    } finally {
      await browser.close();
    }
  },
});

async function staying(t: Deno.TestContext, browser: Browser, source: TextSource): Promise<void> {
  await t.step(
    "a run that runs is shown first; the address names tab and run, for a reload and for others",
    () =>
      inFolder(async (cacheDir) => {
        await writeRuns(cacheDir);
        const server = await serve(source, cacheDir);
        try {
          let link = "";
          await onPage(browser, `${server.url}#training`, {}, async (page) => {
            const run = page.getByLabel("Run", { exact: true });
            const isAt = (hash: string) => until(() => Promise.resolve(new URL(page.url()).hash === hash));
            await isAt("#training/b-runs");
            assertEquals(await run.inputValue(), "b-runs");
            await page.getByText("This run has not come to its training yet.").waitFor();
            await run.selectOption("a-done");
            await isAt("#training/a-done");
            await page.reload();
            await page.locator(".status.done").waitFor();
            assertEquals(await run.inputValue(), "a-done");
            await page.getByRole("tab", { name: "Data" }).click();
            await isAt("#data/a-done");
            link = page.url();
            await page.goBack();
            await page.getByRole("tab", { name: "Training", selected: true }).waitFor();
            await page.goto(`${server.url}#training/elsewhere`);
            await page.getByText("There is no run elsewhere in this server’s cache. Another one is shown.").waitFor();
            await isAt("#training/b-runs");
          });
          await onPage(browser, link, {}, async (page) => {
            await page.getByRole("tab", { name: "Data", selected: true }).waitFor();
            await page.locator(".status.done").waitFor();
            assertEquals(await page.getByLabel("Run", { exact: true }).inputValue(), "a-done");
          });
          await onPage(browser, `${server.url}#training/c-fails`, {}, async (page) => {
            await page.getByText("The run failed at merge:").waitFor();
            assertEquals(await page.locator(".failure pre").textContent(), "row 3: <b>no\nrow</b>");
            await page.getByText("This run ended before its training had begun.").waitFor();
            await page.locator(".stage .state.failed", { hasText: "failed" }).waitFor();
            assertEquals(await seriousFaults(page), []);
            await page.getByRole("button", { name: "中文" }).click();
            await page.getByText("运行失败于 merge：").waitFor();
          });
        } finally {
          await server.close();
        }
      }),
  );

  await t.step(
    "curves stay while the server is gone, with a notice, and go on when it returns",
    () =>
      inFolder(async (cacheDir) => {
        const training = startTraining(cacheDir);
        await training.tell('{"step":1,"loss":3.5,"elapsed":30}\n{"step":2,"loss":3.25,"elapsed":60}\n', 2);
        let server = await serve(source, cacheDir);
        try {
          const { url } = server;
          await onPage(browser, `${url}#training`, {}, async (page) => {
            const gone = page.getByText("The server does not answer.");
            await page.locator(".tiles").getByText("2 of 10").waitFor();
            await server.close();
            await gone.waitFor();
            assertEquals(await page.locator(".chart canvas").count(), 1);
            assert(await page.locator(".tiles").getByText("2 of 10").isVisible());
            assertEquals(await page.getByRole("alert").count(), 0);
            await training.tell('{"step":3,"loss":2.125,"elapsed":90}\n', 3);
            server = await serve(source, cacheDir, {}, Number(new URL(url).port));
            await page.locator(".tiles").getByText("2.125").waitFor();
            await gone.waitFor({ state: "hidden" });
          });
        } finally {
          await training.end();
          await server.close();
        }
      }),
  );

  await t.step(
    "a conversation stays over a reload, for the server that it was had with; Clear takes it away",
    () =>
      inFolder(async (cacheDir) => {
        const quick = saying("yes", source);
        const endless = slowed(saying("and so on ".repeat(2000), source), 20);
        const both: TextSource = {
          ...quick,
          stream: (request) => (request.params.maxNewTokens === 5 ? endless : quick).stream(request),
        };
        const server = await serve(both, cacheDir);
        try {
          await onPage(browser, `${server.url}#chat`, {}, async (page) => {
            const { ask, answers, control } = partsOf(page);
            const turns = page.locator(".turn");
            const kept = () => page.evaluate<string | null>("sessionStorage.getItem('vicuna.conversation.chat')");
            await control("Compare with").selectOption({ label: "base alone" });
            await ask("hello");
            await answers.nth(1).locator(".figures").waitFor();
            const seen = await turns.allTextContents();
            await page.reload();
            await answers.nth(1).waitFor();
            assertEquals(await turns.allTextContents(), seen);
            assertEquals(await page.locator(".picker select[id]").last().inputValue(), "");

            await control("Max new tokens").fill("5");
            await ask("go on");
            await answers.nth(3).locator(".prose").waitFor();
            await page.reload();
            await answers.nth(3).getByText("Stopped").waitFor();
            assert((await answers.nth(3).locator(".prose").textContent())?.startsWith("and so on"));

            // Another model behind the same address.
            await page.route("**/api/state", async (route) => {
              const response = await route.fetch();
              await route.fulfill({ response, json: { ...await response.json(), fingerprint: "fp_other" } });
            });
            await page.reload();
            await page.locator(".empty").waitFor();
            await page.unroute("**/api/state");
            await page.reload();
            await turns.nth(1).waitFor();

            await page.getByRole("button", { name: "Clear" }).click();
            assertEquals(await kept(), null);
            await page.reload();
            await page.locator(".empty").waitFor();
          });
        } finally {
          await server.close();
        }
      }),
  );

  await t.step("of a long conversation the newest turns are kept, and it says so", () =>
    inFolder(async (cacheDir) => {
      const server = await serve(saying("yes", source), cacheDir);
      try {
        await onPage(browser, server.url, {}, async (page) => {
          const { ask, answers } = partsOf(page);
          for (const letter of ["a", "b"]) {
            await ask(letter.repeat(300_000)); // too long for the model as well
            await page.locator(".turn .fault").nth(letter === "a" ? 0 : 1).waitFor();
            await ended(page);
          }
          await page.reload();
          await page.getByText("The oldest turn was too much to keep over a reload.").waitFor();
          assertEquals(await answers.count(), 1);
          assert((await page.locator(".question").textContent())?.startsWith("bbb"));
        });
      } finally {
        await server.close();
      }
    }));
}
