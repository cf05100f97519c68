import { join } from "@std/path";
import { TokenWriter } from "../../datasets/token_writer.ts";
import { packLines } from "../../datasets/text_windows.ts";
import { loadTokenizer } from "../../models/tokenizer.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { text, tokenizer, tokens, type TokenSplitMeta } from "./kinds.ts";

const params = z.object({
  maxTokens: z.number().int().min(8).default(128).describe("tokens of a window, with bos and eos"),
});

/** Params of {@link packText}. */
export interface PackTextParams {
  /** Tokens of a window, with bos and eos; 128 by default. */
  readonly maxTokens?: number;
}

/**
 * Turns plain text into windows for {@link trainFull}: as many whole lines as fit, bos before and eos behind them, and
 * every token is learnt. A line longer than a window is cut and counted.
 */
export const packText: Stage<
  { readonly text: typeof text; readonly tokenizer: typeof tokenizer },
  PackTextParams,
  typeof tokens
> = defineStage({
  name: "pack_text",
  version: 1,
  inputs: { text, tokenizer },
  params,
  output: tokens,
  async run({ inputs, params, output, progress, signal }) {
    using loaded = await loadTokenizer(inputs.tokenizer.dir);
    const { meta } = inputs.text;
    const split = async (name: "train" | "validation"): Promise<TokenSplitMeta> => {
      const lines = (await Deno.readTextFile(join(inputs.text.dir, `${name}.txt`))).split("\n").filter(Boolean);
      const counts = { rows: 0, tokens: 0, labelledTokens: 0, longest: 0, truncated: 0, dropped: 0, tooLong: 0 };
      using writer = new TokenWriter(output.dir, name);
      for (const { ids, truncated, lines: done } of packLines(lines, loaded, params.maxTokens)) {
        signal.throwIfAborted();
        const labelled = new Uint8Array(ids.length).fill(1);
        labelled[0] = 0;
        writer.append({ ids, labelled });
        counts.rows++;
        counts.tokens += ids.length;
        counts.labelledTokens += ids.length - 1;
        counts.longest = Math.max(counts.longest, ids.length);
        counts.truncated += truncated ? 1 : 0;
        if (counts.rows % 1000 === 0) progress({ done, total: meta[name], unit: "rows", note: name });
      }
      writer.finish();
      return counts;
    };
    const [train, validation] = [await split("train"), await split("validation")];
    await Deno.writeTextFile(join(output.dir, "validation.jsonl"), "");
    return {
      train,
      validation,
      ...params,
      template: "none",
      trainOn: "all",
      longRows: "cut",
      vocabSize: loaded.vocabularySize,
    };
  },
});
