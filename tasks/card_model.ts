// deno task card-model: what the kernels should reach on graphics cards, by arithmetic.
import { z } from "../mod.ts";
import { CARDS } from "./card_model/cards.ts";
import { modelWords } from "./card_model/messages.ts";
import { estimateCard } from "./card_model/model.ts";
import { STATISTICS } from "./card_model/statistics.ts";
import { decodeRows, stepRows, table } from "./card_model/tables.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { stopWords } from "./cli/stop_words.ts";

const options = z.object({ json: z.boolean().default(false) });
const language = detectLanguage(Deno.args);

await runMain(language, () => {
  const words = modelWords(language);
  const common = messagesIn(language);
  const parsed = parseCommand(Deno.args, {
    task: "card-model",
    usage: "[options]",
    description: words.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { json: words.json }) }],
    footer: words.footer,
  }, language);
  if (parsed.wantsHelp) return Promise.resolve(console.log(parsed.help));
  const { json } = checkValues(options, parsed.values, "card-model", language);
  const cards = CARDS.map(estimateCard);
  if (json) console.log(JSON.stringify({ digest: STATISTICS.digest, cards }));
  else {
    console.log(`${words.steps}\n${table(words.columns, stepRows(cards, words))}\n`);
    console.log(`${words.decode}\n${table(words.decodeColumns, decodeRows(cards))}\n`);
    console.log(words.digest(STATISTICS.digest));
  }
  return Promise.resolve();
}, stopWords(language));
