/** What `chat` says in English. */
export const EN = {
  description: "Talks to a model in the terminal. /help in the conversation lists its commands.",
  options: {
    maxMemory: "most tokens of earlier turns that a prompt keeps",
    system: "what the model is told before the conversation",
  },
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
  notThere: "there is no such file",
  noConversation: (why: string) => `it is no saved conversation: ${why}`,
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

/** What `chat` says: every language has every entry. */
export type ChatMessages = typeof EN;
