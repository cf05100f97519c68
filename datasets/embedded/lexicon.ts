import lexicon from "./lexicon.tsv" with { type: "text" };

/** A word of the small vocabulary. Chinese and English are both unique. */
export interface Word {
  /** What it is a kind of: one of the keys of {@linkcode kinds}. */
  readonly kind: string;
  readonly chinese: string;
  /** With tone marks, syllables apart. */
  readonly pinyin: string;
  readonly english: string;
  /** The measure word that counts it; undefined where the dictionary has none. */
  readonly measure: string | undefined;
}

/** A kind of words that belong together, by its Chinese and English name. */
export interface WordKind {
  readonly chinese: string;
  readonly english: string;
}

/** Kinds whose words are things of one sort, so that a word of another kind stands out among them. */
export const kinds: ReadonlyMap<string, WordKind> = new Map([
  ["animal", { chinese: "动物", english: "animal" }],
  ["fruit", { chinese: "水果", english: "fruit" }],
  ["vegetable", { chinese: "蔬菜", english: "vegetable" }],
  ["clothes", { chinese: "衣服", english: "garment" }],
  ["colour", { chinese: "颜色", english: "colour" }],
  ["body", { chinese: "身体部位", english: "body part" }],
  ["furniture", { chinese: "家具", english: "furniture" }],
  ["tool", { chinese: "工具", english: "tool" }],
  ["vehicle", { chinese: "交通工具", english: "vehicle" }],
  ["job", { chinese: "职业", english: "job" }],
  ["country", { chinese: "国家", english: "country" }],
  ["sport", { chinese: "运动", english: "sport" }],
  ["place", { chinese: "地方", english: "place" }],
  ["family", { chinese: "家人", english: "relative" }],
  ["verb", { chinese: "动作", english: "action" }],
]);

/** All words, in the order of lexicon.tsv. */
export const words: readonly Word[] = lexicon.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [kind = "", chinese = "", pinyin = "", english = "", measure] = line.split("\t");
    return { kind, chinese, pinyin, english, measure };
  });

/** Words of one kind. */
export function wordsOf(kind: string): readonly Word[] {
  return words.filter((word) => word.kind === kind);
}
