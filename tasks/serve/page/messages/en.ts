import type { FinishReason } from "../../../../models/generation/request.ts";
import type { ControlName, NoEffect } from "../talk/settings.ts";
import type { RunStanding } from "../../../../pipeline/core/records/run_standing.ts";
import type { StageState, TrainingView } from "../wire.ts";
import { EN_DATA } from "./en_data.ts";
import { counted, number } from "./english.ts";

/** What the page says in English. */
export const EN = {
  title: "Vicuna",
  subtitle: "a workbench for small language models",
  skip: "Skip to content",
  tabs: { instruct: "Instruct", chat: "Chat", training: "Training", data: "Data" },
  tabList: "Sections",
  language: { name: "English", tag: "en", choose: "Switch to English" },
  toDark: "Dark colours",
  toLight: "Light colours",
  number,
  duration(seconds: number): string {
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.round(whole % 3600 / 60)} min`;
  },
  unreachable: "The server cannot be reached. Is it still running?",
  retry: "Try again",
  loading: "Loading …",
  close: "Close",
  key: {
    title: "This server wants its key",
    label: "API key",
    explain: "It is kept until this window is closed.",
    use: "Use this key",
    wrong: "The server does not accept this key.",
  },
  talk: {
    base: "base",
    baseAlone: "base alone",
    instruction: "Instruction",
    input: "Input",
    inputHint: "optional: a text that the instruction is about",
    message: "Message",
    placeholder: { instruct: "What should be done?", chat: "Say something" },
    send: "Send",
    stop: "Stop",
    sendHint: "Enter sends, Shift + Enter starts a new line, Esc stops",
    samples: "Use a sample",
    conversation: "Conversation",
    empty: {
      instruct: "Give an instruction, with or without a text to work on. Each one stands alone.",
      chat: "A conversation: earlier turns are part of the prompt, as far as the memory reaches.",
    },
    cancelLast: "Cancel last turn",
    clear: "Clear",
    save: "Save",
    load: "Load",
    preview: "Prompt preview",
    previewOf: (tokens: number, positions: number) =>
      `${number(tokens)} of ${number(positions)} tokens, as the model reads it`,
    dropped: (turns: number) =>
      turns === 1 ? "The oldest turn was left out." : `The oldest ${turns} turns were left out.`,
    model: "Model",
    compareWith: "Compare with",
    nobody: "nobody",
    device: "Device",
    noAdapters: "No adapter is loaded. Start the server with --lora-path to compare.",
    you: "You",
    waiting: "Waiting",
    searching: "Searching; a beam search shows its answer at the end",
    generating: "Generating",
    stopped: "Stopped",
    failed: (error: string | undefined) =>
      error ? `Failed: ${error}` : "The connection broke before the answer was whole.",
    finish: {
      eos: "ended by itself",
      length: "ended at the length limit",
      "stop-string": "ended at a stop text",
    } satisfies Record<FinishReason, string> as Record<FinishReason, string>,
    figures: (tokens: number, seconds: number) =>
      `${counted(tokens, "token")} in ${seconds.toFixed(1)} s, ${
        (tokens / Math.max(seconds, 1e-3)).toFixed(1)
      } a second`,
    reused: (tokens: number) => `${counted(tokens, "token")} of the prompt ${tokens === 1 ? "was" : "were"} remembered`,
    beams: (count: number) => counted(count, "beam"),
    noText: "The model said nothing.",
    copy: "Copy",
    copied: "Copied",
    answerDone: "The answer is complete.",
    refusals: {
      context_length_exceeded: "The prompt is too long for this model. Shorten it, or clear earlier turns.",
      queue_full: "The server is busy. Try again in a moment.",
    } as Readonly<Record<string, string>>,
    broken: "No whole answer came.",
    forgotten: (turns: number) =>
      `The oldest ${turns === 1 ? "turn was" : `${turns} turns were`} too much to keep over a reload.`,
    loaded: (turns: number) => `${counted(turns, "turn")} loaded.`,
    cannotLoad: (why: string) => `The file cannot be loaded: ${why}`,
  },
  settings: {
    title: "Settings",
    template: "Prompt type",
    templates: {
      alpaca: "instruct (Alpaca)",
      "alpaca-legacy": "instruct, for adapters of Chinese-Vicuna",
      guanaco: "instruct (Guanaco)",
      chat: "chat (User / Assistant)",
      tokenizer: "the model’s own template",
    } as Readonly<Record<string, string>>,
    doSample: "Sampling",
    doSampleHint: "Draw tokens by chance instead of taking the most likely one",
    showBeams: "Show beams",
    texts: { stop: "Stop texts", system: "System message" },
    textHints: { stop: "one a line; \\n stands for a new line", system: "told to the model before the first turn" },
    reset: "Defaults",
    range: (min: number, max: number, initial: number) => `${min} to ${max}, at first ${initial}`,
    slider: (label: string) => `${label}, slider`,
    controls: {
      temperature: "Temperature",
      topP: "Top p",
      topK: "Top k",
      minP: "Min p",
      beams: "Beams",
      maxNewTokens: "Max new tokens",
      minNewTokens: "Min new tokens",
      repetitionPenalty: "Repetition penalty",
      maxMemory: "Max memory",
      seed: "Seed",
    } as Record<ControlName, string>,
    hints: {
      temperature: "lower is more predictable",
      topP: "among the most likely tokens that sum to this probability",
      topK: "among so many most likely tokens; 0 for all",
      minP: "among tokens at least this share as likely as the best",
      beams: "lines of text that are pursued at once",
      maxNewTokens: "the answer is no longer than this",
      minNewTokens: "the answer does not end before",
      repetitionPenalty: "above 1, what was said becomes less likely",
      maxMemory: "tokens of earlier turns in the prompt",
      seed: "the same seed gives the same draws",
    } as Record<ControlName, string>,
    noEffect: {
      "not-sampling": "No effect: sampling is off.",
      "temperature-zero": "No effect: temperature 0 always takes the most likely token.",
      "no-history": "No effect: each instruction stands alone.",
      "one-beam": "No effect: there is one beam only.",
    } as Record<NoEffect, string>,
  },
  runs: {
    run: "Run",
    none: "There are no runs yet in the server’s cache. deno task train makes one.",
    status: {
      running: "running",
      silent: "no sign of life",
      done: "done",
      failed: "failed",
      stopped: "stopped",
    } as Record<RunStanding, string>,
    silentSince: (time: string) => `It says that it runs, but the last sign of life came at ${time}.`,
    endedAt: {
      failed: (stage: string | undefined) => stage === undefined ? "The run failed:" : `The run failed at ${stage}:`,
      stopped: (stage: string | undefined) =>
        `The run was stopped${stage === undefined ? "" : ` at ${stage}`}. The same command goes on from there.`,
    },
    unanswered: "The server does not answer. What is shown is what it said last; it goes on when the server does.",
    missing: (id: string) => `There is no run ${id} in this server’s cache. Another one is shown.`,
    gone: "This result is no longer in the cache.",
    time: (iso: string) => new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }),
  },
  training: {
    nothing: {
      none: "This run does not train.",
      notYet: "This run has not come to its training yet.",
      never: "This run ended before its training had begun.",
    },
    waiting: "The training has not written anything yet.",
    stage: "Training",
    stages: "Stages",
    stepOf: (step: number, total: number | undefined) => total ? `${number(step)} of ${number(total)}` : number(step),
    figures: {
      step: "Step",
      epoch: "Epoch",
      left: "Time left",
      took: "Took",
      loss: "Loss",
      evalLoss: "Eval loss",
      bestEvalLoss: "Best eval loss",
      learningRate: "Learning rate",
      gradNorm: "Gradient norm",
      tokensPerSecond: "Tokens a second",
    },
    source: {
      result: "from the result",
      growing: "live",
      checkpoint: "from the newest checkpoint of a run that was interrupted",
      none: "",
    } as Record<TrainingView["source"], string>,
    axis: "step",
    chart: (name: string, first: string, last: string, steps: number) =>
      `${name} over ${number(steps)} steps: from ${first} to ${last}`,
    asTable: "Figures as a table",
    every: (count: number, all: number) => `${count} of ${number(all)} lines`,
    samples: "Sample answers",
    samplesNone: "This training answers no samples. --sample-steps N turns them on.",
    samplesAt: (step: number) => `after step ${number(step)}`,
    samplesSlider: "Step of the samples",
    unchanged: "as before",
    state: {
      ran: "computed",
      cached: "cached",
      fresh: "same as above",
      running: "running",
      waiting: "waiting",
      "not-reached": "not reached",
      interrupted: "interrupted",
      failed: "failed",
    } as Record<StageState, string>,
    why: {
      cached: "nothing that it depends on has changed",
      fresh: "another stage of this run came to the same key",
    },
    units: { answers: "answers", bytes: "bytes", rows: "rows", steps: "steps", tokens: "tokens" } as Readonly<
      Record<string, string>
    >,
    reasons: {
      first: "first run",
      gone: "its result was no longer in the cache",
      damaged: (detail: string) => `its result in the cache was damaged: ${detail}`,
      changes: { changed: "changed", added: "added", removed: "removed" },
      version: "version",
      format: "the cache has a new layout",
    },
    params: "Parameters",
    result: "Result",
  },
  data: EN_DATA,
};

/** All that the page says. */
export type Messages = typeof EN;
