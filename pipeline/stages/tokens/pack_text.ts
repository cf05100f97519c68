import { join } from "@std/path";
import { TokenWriter } from "../../../datasets/tokens/token_writer.ts";
import { packText as windowsOf } from "../../../datasets/tokens/text_windows.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { defineStage, type Stage, z } from "../../core/mod.ts";
import { text, tokenizer, tokens, type TokenSplitMeta } from "../kinds.ts";

/** How long the windows are. */
export const packTextOptions = {
  maxTokens: z.number().int().min(8).describe("tokens of a window").default(128),
};

const params = z.object({
  ...packTextOptions,
  counts: z.array(z.number().int().min(1)).min(1).default([1_000_000]).describe(
    "most paragraphs of a window, of one window after the other and from the start again; in short windows a small model " +
      "learns sooner to look back",
  ),
});

/** Params of {@link packText}. */
export type PackTextParams = z.input<typeof params>;

/**
 * Turns plain text into windows for {@link trainFull}: as many whole paragraphs as fit, bos before and eos behind them,
 * and every token is learnt. A paragraph longer than a window is cut and counted.
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
      const paragraphs = (await Deno.readTextFile(join(inputs.text.dir, `${name}.txt`))).split("\n\n").filter(Boolean);
      const counts = { rows: 0, tokens: 0, labelledTokens: 0, longest: 0, truncated: 0, dropped: 0, tooLong: 0 };
      using writer = new TokenWriter(output.dir, name);
      for (const { ids, truncated, done } of windowsOf(paragraphs, loaded, params)) {
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
      maxTokens: params.maxTokens,
      template: "none",
      trainOn: "all",
      longRows: "cut",
      vocabSize: loaded.vocabularySize,
    };
  },
});
