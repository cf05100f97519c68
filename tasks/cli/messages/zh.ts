import { z } from "zod";
import { calledAs } from "../options/called_as.ts";
import type { ErrorKind } from "../error_kind.ts";
import type { Choices, Messages } from "./en.ts";

const CHANGES_ZH = { changed: "已改变", added: "新增", removed: "已移除" } as const;

/** What stands above the library's own words, by the sort of error. */
const LEADS_ZH: Readonly<Record<ErrorKind, string>> = {
  missing: "找不到文件或文件夹，请检查路径。",
  notModel: "这不是模型文件夹：需要 config.json、权重和分词器（或 .gguf 文件）。",
  noAdapter: "文件夹中没有适配器，请检查 --lora-path。",
  otherBase: "适配器与基座不匹配：请使用训练它时的那个基座（--base-model）。",
  format: "模型、适配器或其配置文件的内容不符合要求。",
  data: "数据不符合要求。",
  validation: "留作验证的行数（--validation）不少于数据的行数，没有可训练的数据：请调小，0 表示不留。",
  network: "无法连接模型库：请检查网络，或用 HF_ENDPOINT 指定镜像（如 https://hf-mirror.com）。",
  offline: "已设置 HF_HUB_OFFLINE（不使用网络），而缓存中没有所需内容。",
  busy: "另一次运行正在写入同一输出文件夹：请等它结束，或用 --output-path 另选文件夹。",
  drift: "流水线与 vicuna.lock.json 不符，未做计算；不带 --locked 运行即接受改动并写入新的锁。",
  wiring: "流水线文件中步骤的参数或连接不符合要求。",
  exists: "输出位置已存在：请另选 --output-path，或加 --overwrite。",
  noDevice: "没有找到 GPU 或其驱动（Vulkan、Metal 或 DX12）。",
  deviceChoice: "无法使用所选的设备（--device）；doctor --devices 列出可选的设备。",
  memory: "显存（软件驱动为内存）不足。",
  lost: "GPU 设备中途丢失（驱动重启或设备断开）。",
  device: "GPU 或其驱动出错。",
};

const CATEGORIES_ZH: Readonly<Record<string, string>> = {
  "base weights": "基座权重",
  scales: "量化系数",
  norms: "归一化权重",
  adapter: "适配器",
  optimizer: "优化器",
  inputs: "输入",
  "layer inputs": "各层输入",
  "kept activations": "保留的激活",
  workspace: "工作区",
  staging: "传输缓冲",
};

const SOURCES_ZH: Readonly<Record<string, string>> = {
  amdgpu: "据显卡驱动",
  "nvidia-smi": "据 nvidia-smi",
  sysctl: "据 macOS",
  "free memory": "本机空闲内存",
  probe: "试分配所得",
  assumed: "假定为 8 GB 显卡；可用 --gpu-memory 指定",
  gpuMemory: "按设置",
};

const CHOICES_ZH: Choices = {
  tokens: (value) => `每个微批 ${value} 个 token`,
  keptLayers: (value) => `${value} 层保留激活`,
  recomputedLayers: (value) => `${value} 层在反向传播时重新计算`,
};

/** What the command line says in Chinese. */
export const ZH: Messages = {
  schemas: z.locales.zhCN,
  optionsHeading: "选项：",
  options: {
    device: "有多个设备时选择其一：`doctor --devices` 中的编号或名称",
    cacheDir: "缓存文件夹",
    json: "输出 JSON",
    jsonObject: "输出一个 JSON 对象",
    jsonEvents: "每行输出一个 JSON 事件，不显示进度",
    lang: "提示信息的语言",
  },
  noteSeparator: "；",
  withNotes: (text, notes) => `${text}（${notes}）`,
  plainWords: { stopping: "正在停止；再按一次 Ctrl-C 立即结束。", stopped: "已停止。" },
  servingWords: { stopping: "正在停止。再按一次 Ctrl-C 立即退出。", stopped: "已停止。" },
  keepWants: (found) => `--keep 需要运行次数（3）、时间（7d、12h）或大小（20GB），实际为 ${found}`,
  foreign: {
    noTracking: "不会向任何地方上传；训练过程见 trainer_log.jsonl 与 serve 的网页",
    oneDevice: "训练使用一块 GPU，不需要启动器",
    kernelsChoose: "没有此选项：计算用 float32，基座的存储位数由 --bits 指定",
    packed: "各行不填充地打包，无需按长度分组",
    endsItself: "回答总以结束 token 收尾",
    bits8: "请写 --bits 8（默认即是）",
    bits4: "请写 --bits 4",
    batchSize: "请用 --batch-size 指定每个优化步的行数；--micro-batch-size 指定一次计算多少",
    microBatchSize: "请用 --micro-batch-size；--batch-size 是每个优化步的行数",
    warmupSteps: "请用 --warmup-steps 指定步数",
    goesOn: "同一命令会自动从最新的检查点继续",
  },
  flagOfOthers: (pipeline, flag, recipes, call) =>
    `${pipeline} 没有选项 ${flag}；有此选项的配方：${recipes.join("、")}，例如 \`${call} ${flag} …\``,
  talkToIt: (command) => `与它对话：${command}`,
  usage: "用法：",
  usageWords: {
    "NAME|FILE": "配方|文件",
    options: "选项",
    FOLDER: "文件夹",
    FORMAT: "格式",
    PATH: "路径",
    INSTRUCTION: "指令",
    KEY: "键",
  },
  placeholders: { number: "数字", path: "路径", text: "文本" },
  units: { seconds: "秒", minutes: "分", hours: "小时" },
  pipelineOptions: (name) => `${name} 的选项：`,
  commonOptions: "通用选项：",
  pipelineArgument: "内置配方名，或流水线文件的路径（默认：quickstart）",
  recipes: (names) => `内置配方：${names}`,
  trainSummary: "运行一条流水线。结果会缓存：没有变化的步骤不会重新计算。",
  planSummary: "说明以同样参数运行 `train` 会计算什么、为什么；不做任何计算。",
  helpOption: "显示本帮助",
  versionOption: "显示本程序的版本",
  outputPath: "结果文件夹",
  overwrite: "覆盖先前的结果和锁文件；否则先前的保留在旁边，如 文件夹.1",
  keptAside: (path, kept) => `${path} 中已有另一次的结果，保留为 ${kept}（用 --overwrite 则覆盖）`,
  trustCache: "不重新读取缓存文件来检查损坏",
  strict: "每一步在只能读取所声明输入的独立进程中运行",
  remoteCache: "与其他机器共享的缓存（文件夹或 http(s) 地址），本地没有的结果从中读取",
  remoteWrite: "同时把本机算出的结果写入共享缓存",
  locked: "选项取自 vicuna.lock.json，凡会改变结果即拒绝",
  default: (value) => `默认：${value}`,
  required: "必填",
  choices: (values) => `可选：${values}`,
  repeatable: "可重复",
  alias: (names) => `也可写作 ${names}`,
  defaultOutput: "vicuna-output/<流水线>",
  localeDefault: "随系统语言",

  error: "错误：",
  errorLead: (kind) => LEADS_ZH[kind],
  unknownFlag: (flag) => `未知选项 ${flag}`,
  didYouMean: (name) => `您是否想写 ${name}？`,
  seeHelp: (task) => `运行 \`${calledAs(task)} --help\` 查看全部选项。`,
  missingValue: (flag) => `${flag} 需要一个值`,
  wantsNumber: (flag, found) => `${flag} 需要数字，实际为 ${found}`,
  wantsBoolean: (flag, found) => `${flag} 是开关，只接受 true、false 或不带值，实际为 ${found}`,
  wantsOneOf: (flag, choices, found) => `${flag} 只接受 ${choices}，实际为 ${found}`,
  wants: (flag, wanted, found) => `${flag} 需要${wanted}，实际为 ${found}`,
  wholeNumber: "整数",
  atLeast: (number) => `不小于 ${number} 的数`,
  above: (number) => `大于 ${number} 的数`,
  atMost: (number) => `不大于 ${number} 的数`,
  below: (number) => `小于 ${number} 的数`,
  missingFlag: (flag) => `缺少必填选项 ${flag}`,
  extraArgument: (found, task, example) =>
    `多余的参数 ${found}：` +
    (example === undefined
      ? `${task} 只接受选项；运行 \`${calledAs(task)} --help\` 查看。`
      : `流水线应写在最前面，例如 \`${calledAs(task)} ${example}\``),
  badOptions: (pipeline) => `选项不符合 ${pipeline} 的要求：`,
  unknownPipeline: (name, known) => `没有名为 ${name} 的配方；现有：${known}`,
  isFile: (name) => `若指文件，请写 ${name}。`,
  cannotLoad: (path, why) => `加载 ${path}：${why}`,
  ownPackages: "该文件导入了本项目没有的包。请在它的文件夹中放一个 deno.json：" +
    '{ "imports": { "vicuna": "<本项目>/mod.ts", "<包名>": "npm:…" }, "unstable": ["webgpu"] }，并在那里运行 ' +
    "`deno run -A --config deno.json <本项目>/tasks/train.ts 文件`。",
  missingFile: (path) => `加载流水线：${path} 不存在`,
  notAPipeline: (path) => `加载 ${path}：默认导出必须是流水线：export default pipeline({ options, build })`,
  reservedOption: (field, path) => `加载 ${path}：选项 ${field} 与通用选项重名，请改名`,
  unsupportedOption: (field, path, found) =>
    `加载 ${path}：选项 ${field} 无法变成命令行参数：需要数字、文本、开关、枚举或它们的列表，实际为 ${found}`,

  ran: (time) => `已计算，用时 ${time}`,
  cached: "取自缓存",
  fresh: "与前面相同",
  because: (reason) => `原因：${reason}`,
  starting: (reason) => `开始计算，原因：${reason}`,
  waiting: "等待另一个进程完成同样的计算",
  failed: "失败",
  stageStopped: "已停止",
  left: (time) => `剩余 ${time}`,
  endsIn: (time) => `约 ${time}后停止`,
  warning: "警告",
  done: (counts, time) => `计算 ${counts.ran} 步，取自缓存 ${counts.cached} 步，用时 ${time}`,
  output: (dir) => `结果位于 ${dir}`,
  andMore: (count) => `另有 ${count} 个文件`,
  lockWritten: (path) => `已写入锁文件：${path}`,
  noLock: (name, path) => `${path} 中没有 ${name} 的锁：请先不带 --locked 运行 \`${calledAs("train")}\``,
  notTheLocks: (path) =>
    `--locked 的选项取自 ${path}，以下选项会改变结果：请去掉它们，或不带 --locked 运行以写入新的锁。`,
  otherThanLock: (flag, found, locked) => `${flag} ${found}：锁中为 ${locked ?? "无"}`,
  stopping: "正在停止：当前步结束后退出，已完成的步骤会保留。再按一次 Ctrl-C 立即退出。",
  stopped: "已停止。再次运行同一命令时，已完成的步骤取自缓存，训练从中断处继续。",

  memory: (total, limit, source) => `显存 ${total}，可用 ${limit}${source === undefined ? "" : `（${source}）`}`,
  memorySource: (name) => SOURCES_ZH[name] ?? name,
  memoryCategory: (name) => CATEGORIES_ZH[name] ?? name,
  memoryChoice: (name, value) => CHOICES_ZH[name]?.(value) ?? `${name} ${value}`,

  reasonFirst: "首次运行",
  reasonGone: "缓存中的结果已被删除",
  reasonDamaged: (detail) => `缓存中的结果已损坏：${detail}`,
  change: (name, change, source) => `${name} ${CHANGES_ZH[change]}${source === undefined ? "" : `（${source}）`}`,
  newLayout: "缓存格式已更新",

  planStage: "步骤",
  planStatus: "状态",
  planExpected: "参照上次",
  planWhy: "原因",
  planCached: "已缓存",
  planRun: "需要计算",
  planWaits: "视情况",
  planWaitsFor: (stages) => `取决于 ${stages} 的结果`,
  planDiffers: (waits, changes) => `${waits}；目前已知：${changes}`,
  planShared: "共享",
  planInShared: "在共享缓存中，将从那里复制",
  planSharedFault: (fault) => `共享缓存无法用于此步：${fault}`,
  planSummaryLine: (run, waits, cached, shared) =>
    `需要计算 ${run} 步，视其结果 ${waits} 步，已缓存 ${cached} 步${shared > 0 ? `，共享缓存中 ${shared} 步` : ""}`,
};
