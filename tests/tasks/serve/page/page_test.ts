// The page in a real browser, where there is one: looking.ts and talking.ts have the steps.
import { inFolder } from "../../children.ts";
import { browserMissing, openBrowser, openTrained, serve, slowed, sourceOf, writeTrainedModel } from "./fixture.ts";
import { following, looking } from "./looking.ts";
import { answering, conversing, talking } from "./talking.ts";

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
      const source = sourceOf(opened.generator);
      const cacheDir = `${folder}/.vicuna`;
      const server = await serve(slowed(source, 15), cacheDir);
      const browser = await openBrowser();
      try {
        await talking(t, browser, server.url);
        await conversing(t, browser, server.url, folder);
        await answering(t, browser, source, cacheDir);
        await looking(t, browser, server.url);
        await following(t, browser, source);
      } finally {
        await browser.close();
        await server.close();
        opened.close();
      }
    }),
});
