// Which buffers a pass needs, how large they are and when they are in use, worked out before anything is allocated. Two
// buffers whose uses never meet share one: WebGPU forbids reading and writing one buffer in a dispatch, so whole buffers
// are shared, never parts of them. Shape letters as in docs/architecture.md.
import { FAMILIES } from "../families.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { LORA_TARGETS, type LoraTarget } from "../formats/adapter/lora_names.ts";
import { type LoraConfig, lowestAdapted, paddedRank } from "./lora.ts";

/** How large a workspace is. */
export interface WorkspaceSize {
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /** Most labelled rows whose logits exist at once; a multiple of 64. */
  readonly headRows: number;
  /** Padded LoRA rank; 0 without an adapter. */
  readonly rank: number;
  /** What backward needs; without it there is no backward pass. */
  readonly training?: {
    /** Backward stops below this layer. */
    readonly lowestLayer: number;
    /** Projections whose inputs backward reads. */
    readonly targets: readonly LoraTarget[];
    /** Of the layers from the lowest on, so many (the highest) keep their activations; the others compute them again. */
    readonly keptLayers: number;
  };
}

/** Labelled rows whose logits exist at once, unless told otherwise. */
export const defaultHeadRows = 128;

/** The size of a workspace that trains an adapter. */
export function trainingWorkspace(
  config: LlamaConfig,
  lora: LoraConfig,
  { tokens, headRows, keptLayers }: { tokens: number; headRows: number; keptLayers: number },
): WorkspaceSize {
  const training = { lowestLayer: lowestAdapted(config, lora), targets: lora.targets, keptLayers };
  return { tokens, headRows, rank: paddedRank(lora), training };
}

/** The size of a workspace that trains all weights. */
export function fullTrainingWorkspace(
  { tokens, headRows, keptLayers }: { tokens: number; headRows: number; keptLayers: number },
): WorkspaceSize {
  return { tokens, headRows, rank: 0, training: { lowestLayer: 0, targets: LORA_TARGETS, keptLayers } };
}

/** Activations of one layer, by name. */
export type LayerBuffer =
  | "normed"
  | "q"
  | "k"
  | "v"
  | "rawQ"
  | "rawK"
  | "attended"
  | "stats"
  | "middle"
  | "normedMiddle"
  | "gate"
  | "up"
  | "activated"
  | `lora_${LoraTarget}`;
/** Buffers of the head for a chunk of labelled rows, by name. */
export type HeadBuffer = "hidden" | "normed" | "logits" | "losses" | "gradientNormed" | "gradientHidden";
/** Gradients, by name. */
export type GradientBuffer =
  | "stream"
  | "normedMiddle"
  | "normed"
  | "activated"
  | "attended"
  | "q"
  | "k"
  | "v"
  | "lora";

/** The parts of a layer's work, in order; a buffer is in use from one of them to another. */
enum Time {
  Head,
  Norm,
  Project,
  Attend,
  Output,
  NormMiddle,
  GateUp,
  Activate,
  Down,
  DownBack,
  ActivateBack,
  GateUpBack,
  NormMiddleBack,
  OutputBack,
  AttendBack,
  ProjectBack,
  NormBack,
}

/** What a buffer is for. */
export type WorkspaceCategory = "inputs" | "layer inputs" | "kept activations" | "workspace";

/** A buffer to allocate. */
export interface Slot {
  readonly label: string;
  readonly category: WorkspaceCategory;
  readonly bytes: number;
}

/** A tensor and the slot that holds it. */
export interface Placed {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "u32";
  /** Index of its slot. */
  readonly slot: number;
}

/** All tensors of a workspace and the buffers that hold them. */
export interface WorkspaceLayout {
  readonly slots: readonly Slot[];
  readonly batch: Readonly<Record<"ids" | "positions" | "starts" | "rows" | "labels", Placed>>;
  /** (positions, 2, D/2). */
  readonly rope: Placed;
  /** Input of each layer and the last output (T, C): layers + 1 of them, where some may be the same. */
  readonly streams: readonly Placed[];
  /** Activations of each layer. */
  readonly layers: readonly Readonly<Record<LayerBuffer, Placed>>[];
  readonly head: Readonly<Record<HeadBuffer, Placed>>;
  readonly gradients: Readonly<Record<GradientBuffer, Placed>> | undefined;
}

type Shape = readonly number[];
interface Wanted {
  readonly key: string;
  readonly shape: Shape;
  readonly from: Time;
  readonly to: Time;
}

/** The activations of a layer: shape, and when they are in use. `last` gives the end for what only backward of `targets` reads. */
function layerBuffers(config: LlamaConfig, size: WorkspaceSize): Record<LayerBuffer, Omit<Wanted, "key">> {
  const { tokens: T, rank: R, training } = size;
  const { hiddenSize: C, intermediateSize: F, heads, keyValueHeads, headSize: D } = config;
  const reads = (...targets: LoraTarget[]) => targets.some((target) => training?.targets.includes(target));
  const back = (time: Time, forward: Time) => training ? time : forward;
  const entry = (shape: Shape, from: Time, to: Time) => ({ shape, from, to });
  // Backward puts the gradients of the heads before their norm where the heads after it were.
  const headsBack = FAMILIES[config.family].headNorms ? Time.ProjectBack : Time.AttendBack;
  const lora = (target: LoraTarget, from: Time, to: Time) =>
    [`lora_${target}`, entry([T, R], from, reads(target) ? to : from)] as const;
  return {
    normed: entry([T, C], Time.Norm, reads("q_proj", "k_proj", "v_proj") ? Time.ProjectBack : Time.Project),
    q: entry([T, heads * D], Time.Project, back(headsBack, Time.Attend)),
    k: entry([T, keyValueHeads * D], Time.Project, back(headsBack, Time.Attend)),
    rawQ: entry([T, heads * D], Time.Project, back(Time.ProjectBack, Time.Project)),
    rawK: entry([T, keyValueHeads * D], Time.Project, back(Time.ProjectBack, Time.Project)),
    v: entry([T, keyValueHeads * D], Time.Project, back(Time.AttendBack, Time.Attend)),
    attended: entry([T, heads * D], Time.Attend, back(Time.AttendBack, Time.Output)),
    stats: entry([T, heads, 2], Time.Attend, back(Time.AttendBack, Time.Attend)),
    middle: entry([T, C], Time.Output, back(Time.NormMiddleBack, Time.Down)),
    normedMiddle: entry([T, C], Time.NormMiddle, reads("gate_proj", "up_proj") ? Time.GateUpBack : Time.GateUp),
    gate: entry([T, F], Time.GateUp, back(Time.GateUpBack, Time.Activate)),
    up: entry([T, F], Time.GateUp, back(Time.GateUpBack, Time.Activate)),
    activated: entry([T, F], Time.Activate, reads("down_proj") ? Time.DownBack : Time.Down),
    ...Object.fromEntries([
      lora("q_proj", Time.Project, Time.ProjectBack),
      lora("k_proj", Time.Project, Time.ProjectBack),
      lora("v_proj", Time.Project, Time.ProjectBack),
      lora("o_proj", Time.Output, Time.OutputBack),
      lora("gate_proj", Time.GateUp, Time.GateUpBack),
      lora("up_proj", Time.GateUp, Time.GateUpBack),
      lora("down_proj", Time.Down, Time.DownBack),
    ]) as Record<`lora_${LoraTarget}`, Omit<Wanted, "key">>,
  };
}

function headBuffers({ hiddenSize: C, vocabularySize }: LlamaConfig, L: number): Record<HeadBuffer, Shape> {
  const V = Math.ceil(vocabularySize / 4) * 4;
  return {
    hidden: [L, C],
    normed: [L, C],
    logits: [L, V],
    losses: [L],
    gradientNormed: [L, C],
    gradientHidden: [L, C],
  };
}

function gradientBuffers(config: LlamaConfig, { tokens: T, rank: R }: WorkspaceSize) {
  const { hiddenSize: C, intermediateSize: F, heads, keyValueHeads, headSize: D } = config;
  const entry = (shape: Shape, from: Time, to: Time) => ({ shape, from, to });
  const buffers: Record<GradientBuffer, Omit<Wanted, "key">> = {
    stream: entry([T, C], Time.Head, Time.NormBack),
    activated: entry([T, F], Time.DownBack, Time.ActivateBack),
    normedMiddle: entry([T, C], Time.GateUpBack, Time.NormMiddleBack),
    attended: entry([T, heads * D], Time.OutputBack, Time.AttendBack),
    q: entry([T, heads * D], Time.AttendBack, Time.ProjectBack),
    k: entry([T, keyValueHeads * D], Time.AttendBack, Time.ProjectBack),
    v: entry([T, keyValueHeads * D], Time.AttendBack, Time.ProjectBack),
    normed: entry([T, C], Time.ProjectBack, Time.NormBack),
    lora: entry([T, Math.max(4, R)], Time.DownBack, Time.ProjectBack),
  };
  return buffers;
}

const bytesOf = (shape: Shape) => Math.max(4, shape.reduce((product, size) => product * size, 1) * 4);

/** Lays out a workspace. */
export function layOut(config: LlamaConfig, size: WorkspaceSize): WorkspaceLayout {
  const slots: Slot[] = [];
  const own = (category: WorkspaceCategory, name: string, shape: Shape, dtype: "f32" | "u32" = "f32"): Placed => {
    slots.push({ label: name, category, bytes: bytesOf(shape) });
    return { name, shape, dtype, slot: slots.length - 1 };
  };
  const { tokens: T, training } = size;
  const { layers, hiddenSize: C } = config;
  const inputs = (name: string) => own("inputs", name, [T], "u32");
  const batch = {
    ids: inputs("ids"),
    positions: inputs("positions"),
    starts: inputs("starts"),
    rows: inputs("labelled rows"),
    labels: inputs("labels"),
  };
  const rope = own("inputs", "rope table", [config.maxPositions, 2, config.headSize / 2]);

  // Layers below the lowest one that backward reaches hand their stream on through two buffers used in turn.
  const lowest = training?.lowestLayer ?? layers;
  const turns = lowest > 0 ? [0, 1].map((i) => own("layer inputs", `residual stream, turn ${i}`, [T, C])) : [];
  const streams = Array.from(
    { length: layers + 1 },
    (_, i) => i < lowest || !training ? turns[i % 2]! : own("layer inputs", `residual stream ${i}`, [T, C]),
  );

  const perLayer = Object.entries(layerBuffers(config, size)).filter(([name]) =>
    (size.rank || !name.startsWith("lora_")) && (FAMILIES[config.family].headNorms || !name.startsWith("raw"))
  );
  const firstKept = layers - Math.min(training?.keptLayers ?? 0, layers - Math.min(lowest, layers));
  const shared: Wanted[] = [
    ...perLayer.map(([name, wanted]) => ({ key: `layer ${name}`, ...wanted })),
    ...Object.entries(headBuffers(config, size.headRows))
      .filter(([name]) => training || !name.startsWith("gradient"))
      .map(([name, shape]) => ({ key: `head ${name}`, shape, from: Time.Head, to: Time.Head })),
    ...(training ? Object.entries(gradientBuffers(config, size)) : [])
      .map(([name, wanted]) => ({ key: `gradient of ${name}`, ...wanted })),
  ];
  const keptNames = new Set(perLayer.filter(([, { to }]) => to > Time.Down).map(([name]) => name));
  // With every layer kept, the shared copies of what is kept are not used.
  const needed = firstKept > 0 ? shared : shared.filter(({ key }) => !keptNames.has(key.replace(/^layer /, "")));
  const placed = shareSlots(needed, slots);
  const layer = (index: number) =>
    Object.fromEntries(perLayer.map(([name, { shape }]) => [
      name,
      index >= firstKept && keptNames.has(name)
        ? own("kept activations", `layer ${index} ${name}`, shape)
        : placed.get(`layer ${name}`)!,
    ])) as Record<LayerBuffer, Placed>;
  const group = <Name extends string>(prefix: string) =>
    Object.fromEntries(
      [...placed].filter(([key]) => key.startsWith(prefix)).map(([key, p]) => [key.slice(prefix.length), p]),
    ) as Record<Name, Placed>;
  return {
    slots,
    batch,
    rope,
    streams,
    layers: Array.from({ length: layers }, (_, index) => layer(index)),
    head: group<HeadBuffer>("head "),
    gradients: training && group<GradientBuffer>("gradient of "),
  };
}

/** Gives each wanted tensor a slot, largest first: the first whose tensors are never in use at the same time as it. */
function shareSlots(wanted: readonly Wanted[], slots: Slot[]): Map<string, Placed> {
  const first = slots.length;
  const users: Wanted[][] = [];
  const placed = new Map<string, Placed>();
  const bySize = wanted.toSorted((a, b) => bytesOf(b.shape) - bytesOf(a.shape));
  for (const tensor of bySize) {
    const apart = (other: Wanted) => other.to < tensor.from || tensor.to < other.from;
    let index = users.findIndex((list) => list.every(apart));
    if (index < 0) index = users.push([]) - 1;
    users[index]!.push(tensor);
    placed.set(tensor.key, { name: tensor.key, shape: tensor.shape, dtype: "f32", slot: first + index });
  }
  for (const list of users) {
    slots.push({
      label: list.map(({ key }) => key).join(" / "),
      category: "workspace",
      bytes: bytesOf(list[0]!.shape),
    });
  }
  return placed;
}
