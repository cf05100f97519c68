import type { CardPart } from "../report.ts";

/** What `card-report` says in English. */
export const EN = {
  options: {
    minutes: "minutes that it may take",
    steps: "training steps of the quickstart",
    only: "parts to take; needed only when asked for",
    outputPath: "folder for the two files",
  },
  description:
    "Finds out what we want to know of this machine's graphics card, in under ten minutes: driver and self-check, numeric " +
    "tests, speed, a little training. Writes two files that you can send us; it sends nothing itself.",
  parts: {
    doctor: "device, driver, self-check",
    tests: "numeric tests",
    products: "speed of kernels",
    "step-S": "training step of S",
    "step-M": "training step of M",
    quickstart: "steps of the quickstart",
    "step-llama-7b": "training step of LLaMA-7B",
  } satisfies Record<CardPart, string>,
  progress: (part: string, words: string, inPart: string, inAll: string) =>
    `${part}${words && `: ${words}`} (at most ${inPart} more, ${inAll} for all)`,
  end: (files: string) =>
    `The report is written, and was sent nowhere:\n${files}\n` +
    "It holds no name of you or of the machine, and no paths. Look through it, then send both files: docs/cards.md says where.",
};

/** What `card-report` says: every language has every entry. */
export type CardReportMessages = typeof EN;
