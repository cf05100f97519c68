// What a training can be told reaches every recipe that trains, as a flag, and from there the stage.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  type AnyRef,
  earlyStoppingOptions,
  loraOptions,
  trainFullOptions,
  trainOptions,
  trainSettings,
  z,
} from "../../../mod.ts";
import { REF, type StageNode } from "../../../pipeline/core/stage/ref.ts";
import chineseVicuna from "../../../pipeline/recipes/chinese_vicuna.ts";
import pretrain from "../../../pipeline/recipes/pretrain.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import quickstart from "../../../pipeline/recipes/quickstart.ts";

type Shape = Readonly<Record<string, { safeParse(value: unknown): { success: boolean; data?: unknown } }>>;

const adapter: Shape = { ...trainOptions, ...trainSettings };
const full: Shape = { ...trainFullOptions, ...trainSettings };

// What a recipe leaves as the stage has it, in order to be short. What is not named here must be a flag.
const recipes = [
  {
    name: "chinese_vicuna",
    ...chineseVicuna,
    shape: adapter,
    leaves: [],
    given: { baseModel: ".", data: ["rows.json"] },
  },
  {
    ...{ name: "quickstart", ...quickstart, shape: adapter, given: {} },
    leaves: ["schedule", "minimumRatio", "weightDecay", "maxGradientNorm"],
  },
  { name: "pretrain", ...pretrain, shape: full, leaves: ["minimumRatio", "maxGradientNorm"], given: {} },
  {
    ...{ name: "pretrain_tiny", ...pretrainTiny, shape: full, given: {} },
    leaves: ["schedule", "minimumRatio", "weightDecay", "maxGradientNorm", "dtype", "sampleSteps"],
  },
];

/** The call of a training that a pipeline's results lead back to. */
function trainingOf(targets: Readonly<Record<string, AnyRef>>): StageNode {
  const waiting = Object.values(targets);
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    const { node } = ref[REF];
    if (node.type !== "stage") continue;
    if (node.stage.name.startsWith("train")) return node;
    waiting.push(...Object.values(node.inputs).flat());
  }
  throw new Error("no training");
}

/** A value that an option takes, other than this one. */
function another(schema: Shape[string], value: unknown): unknown {
  const tried = typeof value === "number"
    ? [value + 1, value / 2 + 0.25]
    : [value !== true, "linear", "cosine", "float32", "float16", 2, "int8"];
  return tried.find((each) => each !== value && schema.safeParse(each).success);
}

for (const { name, options, build, shape, leaves, given } of recipes) {
  const own: Shape = options.shape;
  const offered = Object.keys(shape).filter((option) => option in own);
  const arrived = async (more: object) => {
    const { params, settings } = trainingOf(await build(options.parse({ ...given, ...more }) as never));
    return { ...params, ...settings } as Record<string, unknown>;
  };

  Deno.test(`${name} offers every option of its training but those that it leaves alone`, () => {
    assertEquals(Object.keys(shape).filter((option) => !(option in own)).sort(), leaves.toSorted());
    for (const option of Object.keys(earlyStoppingOptions)) assert(option in own, option);
  });

  Deno.test(`${name} hands each of them to its training`, async () => {
    const before = options.parse(given) as Record<string, unknown>;
    const others = Object.fromEntries(offered.map((option) => [option, another(own[option]!, before[option])]));
    const after = await arrived(others);
    for (const option of offered) {
      assertNotEquals(others[option], undefined, option);
      assertEquals(after[option], others[option], option);
    }
  });

  Deno.test(`${name} stops early when it is told to, and else not`, async () => {
    assertEquals((await arrived({}))["earlyStopping"], undefined);
    const { earlyStopping } = await arrived({ earlyStoppingPatience: 3, evalSteps: 7 });
    assertEquals(earlyStopping, { patience: 3, everySteps: 7 });
  });
}

Deno.test("chinese_vicuna hands LoRA's options to its training", async () => {
  const lora = { loraRank: 5, loraAlpha: 7, loraDropout: 0.5, loraTargetModules: ["k_proj"], loraLayers: 2 };
  assertEquals(Object.keys(loraOptions), Object.keys(lora));
  const options = chineseVicuna.options.parse({ baseModel: ".", data: ["rows.json"], ...lora });
  const { params } = trainingOf(await chineseVicuna.build(options));
  assertEquals(params["lora"], { rank: 5, alpha: 7, dropout: 0.5, targets: ["k_proj"], layers: 2 });
});

Deno.test("a default of a recipe's own takes the place of the stage's, and the texts stay", () => {
  const json = z.toJSONSchema(quickstart.options, { io: "input" }) as { properties: Record<string, object> };
  const { description } = trainOptions.epochs.meta() as { description: string };
  assertEquals(json.properties["epochs"], {
    ...{ type: "number", exclusiveMinimum: 0, default: 4, description },
    aliases: ["num_epochs", "num_train_epochs"],
  });
});
