/** What `generate` says in English. */
export const EN = {
  options: {
    input: "further text that the instruction is about",
    raw: 'text to go on from as it is, without a template; control tokens in it count; "" starts from nothing',
    compare: "answer with the base alone as well",
  },
  description:
    "Answers one instruction with a base model and, if given, an adapter, printing as it goes; with several " +
    "adapters the answer of each.",
  eitherInstruction: "give either an instruction or --raw TEXT",
};

/** What `generate` says: every language has every entry. */
export type GenerateMessages = typeof EN;
