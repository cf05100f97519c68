/**
 * The text that the small base learns: lines made from the lexicon and from rules. A line states something; none of them
 * asks or answers, so that following instructions is left to the adapter. Every fact occurs in many forms and from both
 * sides, because a small model recalls it only in the direction in which it has read it.
 */

import { Dice } from "./dice.ts";
import { kinds, type Word, words, wordsOf } from "./lexicon.ts";
import { chineseNumber, englishNumber } from "./numerals.ts";
import { daysChinese, daysEnglish, monthsEnglish, oppositesChinese, oppositesEnglish, type Pair } from "./words.ts";

/** Makes a line, or a few that belong together. */
type Maker = (dice: Dice) => string;

/** Makers of lines and how often each is taken, of all shares together. */
const MAKERS: readonly (readonly [share: number, make: Maker])[] = [
  [8, (dice) => glossaryLine(dice, ({ z, e }) => `${z}${e}`)],
  [8, (dice) => glossaryLine(dice, ({ z, e }) => `${e}${z}`)],
  [8, (dice) => glossaryLine(dice, ({ z, p }) => `${z}${p}`)],
  [18, wordRecord],
  [8, (dice) => wordLine(dice, CHINESE_FIRST)],
  [8, (dice) => wordLine(dice, ENGLISH_FIRST)],
  [6, (dice) => wordLine(dice, READING)],
  [5, countedLine],
  [4, kindLine],
  [8, oddLine],
  [9, sumLine],
  [1, differenceLine],
  [7, greaterLine],
  [7, orderLine],
  [4, stepsLine],
  [4, numeralLine],
  [1, oppositeLine],
  [1, calendarLine],
  [1, sentenceLine],
];

const BY_SHARE: readonly Maker[] = MAKERS.flatMap(([share, make]) => Array<Maker>(share).fill(make));

/** An endless stream of paragraphs, of one line or a few; the same seed gives the same ones. */
export function* pretrainingText(seed: number): Generator<string> {
  const dice = new Dice(seed);
  while (true) yield dice.pick(BY_SHARE)(dice);
}

/** In a form, z is the Chinese word, e the English one, p the reading. */
type Form = (word: { readonly z: string; readonly e: string; readonly p: string }) => string;

const CHINESE_FIRST: readonly Form[] = [
  ({ z, e }) => `${z} = ${e}`,
  ({ z, e }) => `${z}：${e}`,
  ({ z, e }) => `${z}的英文是 ${e}。`,
  ({ z, e }) => `${z} means ${e}.`,
  ({ z, e }) => `“${z}”就是“${e}”。`,
];

const ENGLISH_FIRST: readonly Form[] = [
  ({ z, e }) => `${e} = ${z}`,
  ({ z, e }) => `${e}: ${z}`,
  ({ z, e }) => `${e} 的中文是${z}。`,
  ({ z, e }) => `${e} means ${z}.`,
  ({ z, e }) => `“${e}”就是“${z}”。`,
];

const READING: readonly Form[] = [
  ({ z, p }) => `${z} (${p})`,
  ({ z, p }) => `${z}读作 ${p}。`,
  ({ z, p }) => `${z}的拼音是 ${p}。`,
  ({ z, p }) => `“${z}”，拼音“${p}”`,
  ({ z, p, e }) => `${z} ${p} ${e}`,
];

/** Several words, each with its counterpart next to it: what stands side by side is learnt first. */
function glossaryLine(dice: Dice, form: Form): string {
  const some = dice.several(words, 6);
  return some.map(({ chinese: z, english: e, pinyin: p }) => form({ z, e, p })).join("，");
}

/** An entry of a dictionary, field by field: what belongs to a word is found again a few lines further on. */
function wordRecord(dice: Dice): string {
  const { chinese, english, pinyin } = dice.pick(words);
  const isChinese = dice.between(0, 1) === 1;
  const [c, e, p] = isChinese ? ["中文：", "英文：", "拼音："] : ["Chinese: ", "English: ", "pinyin: "];
  const [first, second, third] = dice.pick([
    [`${c}${chinese}`, `${e}${english}`, `${p}${pinyin}`],
    [`${c}${chinese}`, `${p}${pinyin}`, `${e}${english}`],
    [`${e}${english}`, `${c}${chinese}`, `${p}${pinyin}`],
  ]);
  return [first, second, ...(dice.between(0, 1) === 1 ? [third] : [])].join("\n");
}

function wordLine(dice: Dice, forms: readonly Form[]): string {
  const { chinese: z, english: e, pinyin: p } = dice.pick(words);
  return dice.pick(forms)({ z, e, p });
}

const COUNTED = words.filter((word) => word.measure !== undefined);

/** A noun with the measure word that counts it. */
function countedLine(dice: Dice): string {
  const { chinese, english, measure } = dice.pick(COUNTED);
  const count = dice.between(1, 10);
  const counted = `${count === 2 ? "两" : chineseNumber(count)}${measure}${chinese}`;
  return dice.pick([
    `一${measure}${chinese}`,
    `${chinese}：一${measure}${chinese}`,
    `名词：${chinese}\n一${measure}${chinese}`,
    counted,
    `${counted} ${englishNumber(count)} ${english}`,
  ]);
}

/** What a word is a kind of. */
function kindLine(dice: Dice): string {
  const [key, kind] = dice.pick([...kinds]);
  const [word, ...more] = dice.several(wordsOf(key), 4) as [Word, ...Word[]];
  const list = [word, ...more];
  return dice.pick([
    `${word.chinese}是一种${kind.chinese}。`,
    `${word.chinese}：${kind.chinese}`,
    `${word.english} is a kind of ${kind.english}.`,
    `${word.english}: ${kind.english}`,
    `${kind.chinese}：${list.map(({ chinese }) => chinese).join("，")}`,
    `${kind.english}: ${list.map(({ english }) => english).join(", ")}`,
  ]);
}

/** Words of a kind and one of another. */
function oddLine(dice: Dice): string {
  const [[key, kind], [otherKey]] = dice.several([...kinds], 2) as [[string, { chinese: string }], [string, unknown]];
  const odd = dice.pick(wordsOf(otherKey));
  const list = dice.shuffled([...dice.several(wordsOf(key), 3), odd]);
  const [chinese, english] = [list.map((word) => word.chinese), list.map((word) => word.english)];
  return dice.pick([
    `${chinese.join("，")}，只有${odd.chinese}不是${kind.chinese}。`,
    `${english.join(", ")}; the odd word is ${odd.english}.`,
    `词：${chinese.join("，")}\n不同：${odd.chinese}`,
    `words: ${english.join(", ")}\ndiffers: ${odd.english}`,
  ]);
}

function sumLine(dice: Dice): string {
  const [a, b] = [dice.between(1, 20), dice.between(1, 20)];
  const sum = a + b;
  return dice.pick([
    `${a}+${b}=${sum}`,
    `${a} + ${b} = ${sum}`,
    `${a}加${b}得${sum}。`,
    `${a} and ${b} make ${sum}.`,
    `数：${a}，${b}\n和：${sum}`,
    `numbers: ${a}, ${b}\nsum: ${sum}`,
  ]);
}

function differenceLine(dice: Dice): string {
  const a = dice.between(2, 40);
  const b = dice.between(Math.max(1, a - 20), Math.min(a, 20));
  return dice.pick([`${a}-${b}=${a - b}`, `${a} - ${b} = ${a - b}`, `${a}减${b}得${a - b}。`]);
}

function greaterLine(dice: Dice): string {
  const [a, b] = dice.several(NUMBERS, 2) as [number, number];
  const [small, large] = [Math.min(a, b), Math.max(a, b)];
  return dice.pick([
    `${large}>${small}`,
    `${small}<${large}`,
    `${a}，${b}：大的是${large}，小的是${small}。`,
    `${a}, ${b}: the larger is ${large}, the smaller ${small}.`,
    `数：${a}，${b}\n大：${large}\n小：${small}`,
    `numbers: ${a}, ${b}\nsmaller: ${small}\nlarger: ${large}`,
  ]);
}

/** Numbers that are compared and put in order. */
const NUMBERS = Array.from({ length: 50 }, (_, at) => at + 1);

function orderLine(dice: Dice): string {
  const numbers = dice.several(NUMBERS, 3);
  const up = numbers.toSorted((one, other) => one - other);
  const given = numbers.join(", ");
  return dice.pick([
    `${given} -> ${up.join(", ")}`,
    `${given}，从小到大是 ${up.join(", ")}`,
    `数：${given}\n从小到大：${up.join(", ")}`,
    `numbers: ${given}\nin order: ${up.join(", ")}`,
    up.join("<"),
  ]);
}

function stepsLine(dice: Dice): string {
  const step = dice.pick([1, 2, 5, 10]);
  const start = dice.between(1, Math.max(step, 95 - 5 * step));
  return Array.from({ length: 6 }, (_, at) => start + at * step).filter((value) => value < 100).join(", ");
}

function numeralLine(dice: Dice): string {
  const value = dice.between(0, 99);
  const [chinese, english] = [chineseNumber(value), englishNumber(value)];
  return dice.pick([
    `${value} = ${chinese}`,
    `${chinese} = ${value}`,
    `${value}${chinese}`,
    `${chinese}${value}`,
    `数字：${value}\n汉字：${chinese}`,
    `汉字：${chinese}\n数字：${value}`,
    `${value} ${chinese} ${english}`,
    `${english} is ${value}.`,
  ]);
}

function oppositeLine(dice: Dice): string {
  const isChinese = dice.between(0, 1) === 1;
  const pair: Pair = dice.pick(isChinese ? oppositesChinese : oppositesEnglish);
  const [a, b] = dice.shuffled(pair) as [string, string];
  return isChinese
    ? dice.pick([`${a}和${b}相反。`, `${a}的反义词是${b}。`, `${a} <> ${b}`])
    : dice.pick([`${a} is the opposite of ${b}.`, `not ${a} but ${b}`, `${a} <> ${b}`]);
}

function calendarLine(dice: Dice): string {
  const [day, month, date] = [dice.between(0, 6), dice.between(0, 11), dice.between(1, 28)];
  const next = (day + 1) % 7;
  return dice.pick([
    `${daysChinese[day]}的后一天是${daysChinese[next]}。`,
    `${daysEnglish[next]} comes after ${daysEnglish[day]}.`,
    `${daysChinese[day]} = ${daysEnglish[day]}`,
    `${month + 1}月 = ${monthsEnglish[month]}`,
    `${monthsEnglish[month]} ${date} = ${month + 1}月${date}日`,
  ]);
}

/** Short sentences in both languages. */
function sentenceLine(dice: Dice): string {
  const [thing, person, place, colour] = ["fruit", "job", "place", "colour"].map((kind) =>
    dice.pick(wordsOf(kind))
  ) as [
    Word,
    Word,
    Word,
    Word,
  ];
  const count = dice.between(3, 20);
  return dice.pick([
    `我看见${thing.chinese}。I see the ${thing.english}.`,
    `The ${person.english} is at the ${place.english}. ${person.chinese}在${place.chinese}。`,
    `The ${thing.english} is ${colour.english}. ${thing.chinese}是${colour.chinese}的。`,
    `${person.chinese}有${chineseNumber(count)}个${thing.chinese}。`,
    `There are ${englishNumber(count)} pieces of ${thing.english}.`,
    `This is the ${place.english}. 这是${place.chinese}。`,
  ]);
}
