/**
 * The text that the small base learns: lines made from the lexicon and from rules. A line states something; none of them
 * asks or answers, so that following instructions is left to the adapter. Every fact occurs in many forms and from both
 * sides, because a small model recalls it only in the direction in which it has read it.
 */

import { Dice } from "./dice.ts";
import { kinds, type Word, words, wordsOf } from "./lexicon.ts";
import { chineseNumber, englishNumber } from "./numerals.ts";
import { daysChinese, daysEnglish, monthsEnglish, oppositesChinese, oppositesEnglish, type Pair } from "./words.ts";

type Maker = (dice: Dice) => string;

/** Makers of lines and how often each is taken, of all shares together. */
const MAKERS: readonly (readonly [share: number, make: Maker])[] = [
  [18, (dice) => wordLine(dice, CHINESE_FIRST)],
  [18, (dice) => wordLine(dice, ENGLISH_FIRST)],
  [12, (dice) => wordLine(dice, READING)],
  [5, countedLine],
  [8, kindLine],
  [6, oddLine],
  [17, sumLine],
  [4, differenceLine],
  [4, greaterLine],
  [5, orderLine],
  [4, stepsLine],
  [4, numeralLine],
  [2, oppositeLine],
  [2, calendarLine],
  [3, sentenceLine],
];

const BY_SHARE: readonly Maker[] = MAKERS.flatMap(([share, make]) => Array<Maker>(share).fill(make));

/** An endless stream of lines; the same seed gives the same ones. */
export function* pretrainingLines(seed: number): Generator<string> {
  const dice = new Dice(seed);
  while (true) yield dice.pick(BY_SHARE)(dice);
}

/** In a form, z is the Chinese word, e the English one, p the reading. */
type Form = (word: { readonly z: string; readonly e: string; readonly p: string }) => string;

const CHINESE_FIRST: readonly Form[] = [
  ({ z, e }) => `${z} = ${e}`,
  ({ z, e }) => `${z}：${e}`,
  ({ z, e }) => `${z} ${e}`,
  ({ z, e }) => `${z} means ${e}.`,
  ({ z, e }) => `${z}的英文是 ${e}。`,
  ({ z, e }) => `${z}，英语 ${e}`,
  ({ z, e }) => `${z} in English is ${e}.`,
  ({ z, e, p }) => `${z} (${p}) ${e}`,
  ({ z, e }) => `“${z}”就是“${e}”。`,
];

const ENGLISH_FIRST: readonly Form[] = [
  ({ z, e }) => `${e} = ${z}`,
  ({ z, e }) => `${e}: ${z}`,
  ({ z, e }) => `${e} ${z}`,
  ({ z, e }) => `${e} is called ${z}.`,
  ({ z, e }) => `${e} 的中文是${z}。`,
  ({ z, e }) => `${e}，汉语${z}`,
  ({ z, e }) => `${e} in Chinese is ${z}.`,
  ({ z, e, p }) => `${e} ${z} ${p}`,
  ({ z, e }) => `“${e}”就是“${z}”。`,
];

const READING: readonly Form[] = [
  ({ z, p }) => `${z} ${p}`,
  ({ z, p }) => `${z}：${p}`,
  ({ z, p }) => `${z} (${p})`,
  ({ z, p }) => `${z}读作 ${p}。`,
  ({ z, p }) => `${z} reads ${p}.`,
  ({ z, p }) => `${z}的拼音是 ${p}。`,
  ({ z, p }) => `“${z}”，拼音“${p}”`,
  ({ z, p }) => `${p} ${z}`,
];

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
    `${chinese}的量词是${measure}。`,
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
    `${chinese.join("，")}：${odd.chinese}不同`,
    `${chinese.join("、")}，只有${odd.chinese}不是${kind.chinese}。`,
    `${english.join(", ")}: ${odd.english} differs`,
    `${english.join(", ")}; the odd word is ${odd.english}.`,
  ]);
}

function sumLine(dice: Dice): string {
  const sum = dice.between(2, 99);
  const a = dice.between(1, sum - 1);
  const b = sum - a;
  return dice.pick([
    `${a}+${b}=${sum}`,
    `${a}+${b}=${sum}`,
    `${a} + ${b} = ${sum}`,
    `${a}加${b}得${sum}。`,
    `${a} and ${b} make ${sum}.`,
    `${a}+${b}=${sum}，${b}+${a}=${sum}`,
  ]);
}

function differenceLine(dice: Dice): string {
  const a = dice.between(2, 99);
  const b = dice.between(1, a);
  return dice.pick([`${a}-${b}=${a - b}`, `${a} - ${b} = ${a - b}`, `${a}减${b}得${a - b}。`]);
}

function greaterLine(dice: Dice): string {
  const [a, b] = [dice.between(0, 99), dice.between(0, 99)];
  if (a === b) return `${a}=${b}`;
  const [small, large] = [Math.min(a, b), Math.max(a, b)];
  return dice.pick([
    `${large}>${small}`,
    `${small}<${large}`,
    `${large}比${small}大。`,
    `${a}，${b}：大的是${large}，小的是${small}。`,
    `${a}, ${b}: the larger is ${large}, the smaller ${small}.`,
  ]);
}

function orderLine(dice: Dice): string {
  const numbers = Array.from({ length: dice.pick([3, 3, 4]) }, () => dice.between(1, 99));
  const up = numbers.toSorted((one, other) => one - other);
  const given = numbers.join(", ");
  return dice.pick([
    `${given} -> ${up.join(", ")}`,
    `${given}，从小到大是 ${up.join(", ")}`,
    `${given} in order: ${up.join(", ")}`,
    `${given}，从大到小是 ${up.toReversed().join(", ")}`,
    up.join("<"),
  ]);
}

function stepsLine(dice: Dice): string {
  const step = dice.pick([1, 2, 3, 5, 10]);
  const start = dice.between(0, Math.max(step, 95 - 5 * step));
  return Array.from({ length: 6 }, (_, at) => start + at * step).filter((value) => value < 100).join(", ");
}

function numeralLine(dice: Dice): string {
  const value = dice.between(0, 99);
  const [chinese, english] = [chineseNumber(value), englishNumber(value)];
  return dice.pick([
    `${value} = ${chinese}`,
    `${chinese} = ${value}`,
    `${value}：${chinese}`,
    `${chinese}：${value}`,
    `${value} ${chinese} ${english}`,
    `${english} is ${value}.`,
    `${english} ${chinese}`,
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
