/** What a task that talks to a model says in English. */
export const EN = {
  modelOptions: {
    baseModel: "folder of the base model, or owner/name on the Hugging Face hub; left out, that of the quickstart",
    loraPath: "folder of a PEFT adapter, or NAME=FOLDER; its name is that of the folder otherwise",
    bits: "bits of a base weight",
    contextLength: "most tokens of prompt and answer together",
    template: "how a conversation is written; by default the tokenizer's chat template if it has one, else alpaca",
    chatTemplateKwargs: `variables of the chat template as JSON: '{"enable_thinking": false}'`,
    templateDate: "the day that a chat template which asks for it is told, YYYY-MM-DD; today by default",
    cacheDir: "folder of the cache, where the quantised base is kept",
  },
  generationOptions: {
    maxNewTokens: "most tokens of the answer",
    minNewTokens: "the answer does not end before so many tokens",
    sample: "draw each token by chance; also switched on by a temperature above 0",
    temperature: "higher is more varied; 0 takes the most likely token each time (default: 1 with --sample, else 0)",
    topP: "sample among the most likely tokens with this total probability",
    topK: "sample among so many most likely tokens; 0 for all",
    minP: "sample among tokens at least this share as likely as the most likely one; 0 for all",
    beams: "beams of a search for the most likely answer; 1 for none",
    repetitionPenalty: "above 1 makes tokens of prompt and answer less likely",
    stop: "text that ends the answer; may be given several times",
    seed: "seed of the sampling",
  },
  nameTaken: (path: string, name: string) => `--lora-path ${path}: the name ${name} is taken; write NAME=${path}`,
  publishers: (shown: string) => `the model's own settings (generation_config.json): ${shown}; flags come first`,
  ineffective: (flags: readonly string[]) =>
    `${flags.join(", ")}: no effect without sampling (--sample, or a --temperature above 0)`,
};

/** What a task that talks to a model says: every language has every entry. */
export type GenerationMessages = typeof EN;
