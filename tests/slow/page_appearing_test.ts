// The page in a real browser: languages, colours, small screens, and what axe finds.
import { inFolder } from "../tasks/children.ts";
import {
  browserMissing,
  openBrowser,
  openTrained,
  serve,
  slowed,
  sourceOf,
  writeTrainedModel,
} from "../tasks/serve/page/fixture.ts";
import { appearing } from "../tasks/serve/page/looking.ts";

Deno.test({
  name: `how the page appears${browserMissing === undefined ? "" : ` (skipped: ${browserMissing})`}`,
  ignore: browserMissing !== undefined,
  // The browser's process, and connections that it leaves open, belong to playwright.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    inFolder(async (folder) => {
      await writeTrainedModel(folder);
      const opened = await openTrained(folder);
      const server = await serve(slowed(sourceOf(opened.generator), 15), `${folder}/.vicuna`);
      const browser = await openBrowser();
      try {
        await appearing(t, browser, server.url);
      } finally {
        await browser.close();
        await server.close();
        opened.close();
      }
    }),
});
