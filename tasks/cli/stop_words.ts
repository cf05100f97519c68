import type { Language } from "./language.ts";
import type { Messages } from "./messages.ts";

/** What a task that runs no stages, and keeps nothing of what it began, says of stopping. */
export const STOP_WORDS: Readonly<Record<Language, Pick<Messages, "stopping" | "stopped">>> = {
  en: { stopping: "Stopping; Ctrl-C again ends at once.", stopped: "Stopped." },
  zh: { stopping: "正在停止；再按一次 Ctrl-C 立即结束。", stopped: "已停止。" },
};
