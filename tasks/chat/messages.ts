// What the chat says, in both languages.
import type { Language } from "../cli/language.ts";

const EN = {
  description: "Talks to a model in the terminal. /help in the conversation lists its commands.",
  options: "Options:",
  maxMemoryFlag: "most tokens of earlier turns that a prompt keeps",
  templateFlag: "how a conversation is written; by default the tokenizer's chat template if it has one, else alpaca",
  systemFlag: "what the model is told before the conversation",
  welcome: (name: string, positions: number) => `${name}, ${positions} tokens. /help for help, Ctrl-D to leave.`,
  help:
    `/adapter [NAME|FOLDER]   answer with another adapter, or load one; "base" for the base alone; lists them without a name
/system [TEXT]           what the model is told before the conversation; "-" takes it away
/params [NAME VALUE]     set a parameter of generation; shows all without a name
/undo                    take the last turn back
/clear                   forget the conversation
/save [FILE]             save the conversation with its parameters (JSON Lines, as the page does)
/load FILE               go on with a saved conversation
/help                    this help
/quit                    leave, as Ctrl-D does
A line that ends in \\ goes on in the next one. Between two lines of """ everything is one message.
A message that begins with / is written with //. Ctrl-C stops an answer.`,
  unknownCommand: (name: string) => `there is no command /${name}; /help lists them`,
  noArgument: (name: string) => `/${name} takes nothing after it`,
  adapters: (names: readonly string[], current: string) =>
    names.map((name) => `${name === current ? "*" : " "} ${name}`).join("\n"),
  answersWith: (name: string) => `${name} answers from now on`,
  noAdapter: (name: string, why: string) => `there is no adapter ${name}, and none could be loaded from there: ${why}`,
  system: (text: string) => text === "" ? "no system message" : text,
  systemSet: (text: string): string => text === "" ? "The system message is gone." : "The system message is set.",
  paramWants: (name: string, value: string) => `${name} cannot be ${JSON.stringify(value)}`,
  unknownParam: (name: string, known: string) => `there is no parameter ${name}; there are: ${known}`,
  tooManyBeams: (most: number) => `there is room for ${most} beams; start with --beams for more`,
  nothingToUndo: "there is no turn to take back",
  undone: (question: string) => `Taken back: ${question}`,
  cleared: (turns: number) => `${turns} ${turns === 1 ? "turn" : "turns"} forgotten.`,
  whichFile: (name: string) => `/${name} wants a file`,
  saved: (turns: number, file: string) => `${turns} ${turns === 1 ? "turn" : "turns"} saved in ${file}`,
  fileExists: (file: string) => `${file} exists and is not this conversation's file: name another one`,
  cannotSave: (file: string, why: string) => `saving ${file}: ${why}`,
  cannotLoad: (file: string, why: string) => `loading ${file}: ${why}`,
  loaded: (turns: number, file: string) => `${turns} ${turns === 1 ? "turn" : "turns"} loaded from ${file}`,
  otherModel: (saved: string) => `It was held with another model: ${saved}`,
  adapterGone: (name: string) => `Its adapter ${name} is not loaded; the current one goes on.`,
  templateDiffers: (saved: string, now: string) => `It was written with the template ${saved}; it goes on with ${now}.`,
  dropped: (turns: number) =>
    `(no room: the oldest ${turns === 1 ? "turn is" : `${turns} turns are`} left out of the prompt)`,
  cutShort: "(the answer ended at its most tokens)",
  emptyAnswer: "(empty answer)",
  stoppedAnswer: "(stopped)",
  cannotAnswer: (why: string) => `answering: ${why}`,
  openBlock: 'the message that """ began was not ended',
};

/** What is said; both languages have every entry. */
export type ChatMessages = typeof EN;

const ZH: ChatMessages = {
  description: "在终端中与模型对话。对话中输入 /help 查看命令。",
  options: "选项：",
  maxMemoryFlag: "提示中最多保留的历史 token 数",
  templateFlag: "对话的写法；默认用分词器自带的对话模板，没有则用 alpaca",
  systemFlag: "对话之前给模型的系统消息",
  welcome: (name, positions) => `${name}，${positions} 个 token。输入 /help 查看帮助，Ctrl-D 退出。`,
  help: `/adapter [名称|文件夹]   换用或加载适配器；base 表示只用基座；不带名称则列出
/system [文本]           对话之前给模型的系统消息；"-" 表示去掉
/params [名称 值]        设置生成参数；不带名称则全部列出
/undo                    撤回上一轮
/clear                   清空对话
/save [文件]             保存对话及其参数（JSON Lines，与网页相同）
/load 文件               继续已保存的对话
/help                    本帮助
/quit                    退出，同 Ctrl-D
行末写 \\ 表示续行。两行 """ 之间的内容为一条消息。
以 / 开头的消息请写作 //。Ctrl-C 停止回答。`,
  unknownCommand: (name) => `没有命令 /${name}；输入 /help 查看命令`,
  noArgument: (name) => `/${name} 后面不带内容`,
  adapters: EN.adapters,
  answersWith: (name) => `现在由 ${name} 回答`,
  noAdapter: (name, why) => `没有适配器 ${name}，也无法从该处加载：${why}`,
  system: (text) => text === "" ? "没有系统消息" : text,
  systemSet: (text) => text === "" ? "已去掉系统消息。" : "已设置系统消息。",
  paramWants: (name, value) => `${name} 不能为 ${JSON.stringify(value)}`,
  unknownParam: (name, known) => `没有参数 ${name}；可用：${known}`,
  tooManyBeams: (most) => `最多可用 ${most} 束；需要更多请在启动时用 --beams 指定`,
  nothingToUndo: "没有可撤回的对话",
  undone: (question) => `已撤回：${question}`,
  cleared: (turns) => `已清空 ${turns} 轮对话。`,
  whichFile: (name) => `/${name} 需要文件名`,
  saved: (turns, file) => `已将 ${turns} 轮对话保存到 ${file}`,
  fileExists: (file) => `${file} 已存在，且不是本对话的文件：请换一个名称`,
  cannotSave: (file, why) => `保存 ${file}：${why}`,
  cannotLoad: (file, why) => `加载 ${file}：${why}`,
  loaded: (turns, file) => `已从 ${file} 加载 ${turns} 轮对话`,
  otherModel: (saved) => `该对话使用的是另一个模型：${saved}`,
  adapterGone: (name) => `其适配器 ${name} 未加载；继续使用当前的。`,
  templateDiffers: (saved, now) => `该对话使用的模板是 ${saved}；现用 ${now} 继续。`,
  dropped: (turns) => `（空间不足：提示中略去最早的 ${turns} 轮）`,
  cutShort: "（回答已达最多 token 数）",
  emptyAnswer: "（空回答）",
  stoppedAnswer: "（已停止）",
  cannotAnswer: (why) => `回答：${why}`,
  openBlock: '以 """ 开始的消息没有结束',
};

/** The messages of a language. */
export function chatMessagesIn(language: Language): ChatMessages {
  return language === "zh" ? ZH : EN;
}
