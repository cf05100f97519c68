import type { ChatMessages } from "./en.ts";

/** What `chat` says in Chinese. */
export const ZH: ChatMessages = {
  description: "在终端中与模型对话。对话中输入 /help 查看命令。",
  options: {
    maxMemory: "提示中最多保留的历史 token 数",
    system: "对话之前给模型的系统消息",
  },
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
  adapters: (names, current) => names.map((name) => `${name === current ? "*" : " "} ${name}`).join("\n"),
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
  notThere: "没有这个文件",
  noConversation: (why) => `不是保存的对话：${why}`,
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
