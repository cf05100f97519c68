// Writes as many rows as BELLE and Guanaco have together, in their forms, from a seed: for measuring at full size.
// deno run -A tasks/bench/synthetic_rows.ts FOLDER [ROWS]
import { join } from "@std/path";
import { ByteWriter } from "../../datasets/files/byte_writer.ts";

/** Characters of everyday Chinese text, most frequent first. */
export const COMMON: string =
  "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经" +
  "么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业" +
  "外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及" +
  "比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保" +
  "至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观" +
  "清今切院让识候带导争运笑飞风步改收根干造言联持组每济车亲极林服快办议往元英士证近失转夫令准布始怎呢存未远叫台单影具罗字爱击流备兵连调深商";
/** Everyday English words. */
export const WORDS: readonly string[] =
  ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they " +
    "which one you were all her she there would their we him been has when who will no more if out so up said what its " +
    "about than into them can only other time new some could these two may first then do any like my now over such our man " +
    "me even most made after also did many off before must well back through years where much your way down should because " +
    "long each just state people those too mr how little good world make very year still see work life under never day same " +
    "another know while last might us great old since against go came right used take three language model answer question " +
    "number function return example write python list sentence following describe explain generate please provide")
    .split(" ");

/** How many rows, and how large the two files are together: 663 MB with 700,000. */
export const FULL_ROWS = 700_000;

/** A generator of whole numbers below a limit (a 32-bit xorshift), so that the same seed gives the same rows. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** Small numbers far more often than large ones. */
  skewed(limit: number): number {
    return Math.min(this.below(limit), this.below(limit), this.below(limit));
  }
}

function chinese(chance: Chance, length: number): string {
  let text = "";
  while (text.length < length) {
    const clause = 4 + chance.below(14);
    for (let at = 0; at < clause; at++) {
      // One in twelve is from anywhere among the 20,902 characters of the main block.
      text += chance.below(12) === 0
        ? String.fromCharCode(0x4e00 + chance.below(20902))
        : COMMON[chance.skewed(COMMON.length)];
    }
    text += chance.below(4) === 0 ? "。\n" : chance.below(3) === 0 ? "。" : "，";
  }
  return text;
}

function english(chance: Chance, length: number): string {
  let text = "";
  while (text.length < length) {
    text += WORDS[chance.skewed(WORDS.length)] + (chance.below(12) === 0 ? ". " : chance.below(60) === 0 ? "\n" : " ");
  }
  return text.trimEnd();
}

function belleRow(chance: Chance): string {
  return JSON.stringify({
    instruction: chinese(chance, 12 + chance.skewed(110)),
    input: "",
    output: chinese(chance, 20 + chance.skewed(816)),
  });
}

function guanacoRow(chance: Chance): string {
  const write = chance.below(5) < 3 ? chinese : english;
  const scale = write === chinese ? 1 : 4;
  const text = (least: number, more: number) => write(chance, (least + chance.skewed(more)) * scale);
  const history = chance.below(3) === 0
    ? `User: ${text(8, 60)}\nAssistant: ${text(20, 160)}\nUser: ${text(8, 40)}\nAssistant: ${text(20, 100)}`
    : "";
  const row = { instruction: history, input: `User: ${text(8, 80)}`, output: text(20, 420) };
  return JSON.stringify(row).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Writes `belle.json` (JSON Lines, five rows of seven) and `guanaco.json` (an array, ASCII-escaped as published).
 *
 * @returns paths of both and their size in bytes.
 */
export function writeSyntheticRows(
  folder: string,
  rows: number,
  seed = 1,
): { belle: string; guanaco: string; bytes: number } {
  const chance = new Chance(seed);
  const encoder = new TextEncoder();
  const belle = join(folder, "belle.json");
  const guanaco = join(folder, "guanaco.json");
  const first = Math.floor(rows * 5 / 7);
  using lines = new ByteWriter(belle);
  for (let row = 0; row < first; row++) lines.write(encoder.encode(`${belleRow(chance)}\n`));
  lines.finish();
  using array = new ByteWriter(guanaco);
  for (let row = first; row < rows; row++) {
    array.write(encoder.encode(`${row === first ? "[\n" : ",\n"}  ${guanacoRow(chance)}`));
  }
  array.write(encoder.encode(rows === first ? "[]\n" : "\n]\n"));
  array.finish();
  return { belle, guanaco, bytes: lines.length + array.length };
}

if (import.meta.main) {
  const [folder, rows] = Deno.args;
  if (folder === undefined) throw new Error("wanted a folder to write to");
  console.log(writeSyntheticRows(folder, Number(rows ?? FULL_ROWS)));
}
