import type { Pair } from "./words.ts";
import * as words from "./words.ts";

/** A question and its answer. */
export type QuestionAnswer = readonly [question: string, answer: string];

/** Every family of single questions: arithmetic, comparing, ordering, words, facts, courtesies. */
export function questions(): QuestionAnswer[] {
  return [
    ...arithmetic(),
    ...numbers(),
    ...sequences(),
    ...vocabulary(),
    ...facts(),
    ...calendar(),
    ...words.greetings,
  ];
}

/** Two numbers that vary with `index`, without any generator of random numbers. */
export function twoNumbers(index: number): [number, number] {
  return [(index * 7 + 3) % 19 + 1, (index * 11 + 5) % 17 + 2];
}

function arithmetic(): QuestionAnswer[] {
  return range(30).flatMap((index): QuestionAnswer[] => {
    const [a, b] = twoNumbers(index);
    const [large, small] = [Math.max(a, b), Math.min(a, b)];
    const factor = index % 8 + 2;
    return [
      [`${a}加${b}等于多少？`, `${a}加${b}等于${a + b}。`],
      [`What is ${b} plus ${a}?`, `${b} plus ${a} is ${a + b}.`],
      [`${large}减${small}等于多少？`, `${large}减${small}等于${large - small}。`],
      [`What is ${small} times ${factor}?`, `${small} times ${factor} is ${small * factor}.`],
    ];
  });
}

function numbers(): QuestionAnswer[] {
  return range(24).flatMap((index): QuestionAnswer[] => {
    const [a, b] = [(index * 13 + 8) % 90 + 10, (index * 29 + 17) % 90 + 10];
    const large = Math.max(a, b);
    return [
      [`${a}和${b}哪个大？`, `${large}更大。`],
      [`Which is larger, ${b} or ${a}?`, `${large} is larger.`],
      [`用汉字写出${a}。`, chineseNumber(a)],
      [`“${chineseNumber(b)}”写成数字是什么？`, `${b}`],
      index % 2 === 0
        ? [`${b}是单数还是双数？`, `${b}是${b % 2 === 0 ? "双" : "单"}数。`]
        : [`Is ${b} odd or even?`, `${b} is ${b % 2 === 0 ? "even" : "odd"}.`],
    ];
  });
}

function sequences(): QuestionAnswer[] {
  return range(16).flatMap((index): QuestionAnswer[] => {
    const three = [(index * 5 + 4) % 30, (index * 17 + 9) % 30 + 30, (index * 3 + 1) % 30 + 60];
    const mixed = [three[1], three[index % 2 * 2], three[2 - index % 2 * 2]].join(", ");
    const [start, step] = [index % 7 + 1, index % 5 + 2];
    const steps = range(6).map((at) => start + at * step);
    const [shown, next] = [steps.slice(0, 4).join(", "), steps.slice(4).join(", ")];
    return [
      index % 2 === 0
        ? [`从小到大排列：${mixed}`, three.join(", ")]
        : [`Sort from small to large: ${mixed}`, three.join(", ")],
      index % 2 === 0 ? [`接着写两个数：${shown}`, next] : [`Write the next two numbers: ${shown}`, next],
    ];
  });
}

function vocabulary(): QuestionAnswer[] {
  return [
    ...each(words.oppositesChinese, ([a, b]) => [`“${a}”的反义词是什么？`, `“${a}”的反义词是“${b}”。`]),
    ...each(words.oppositesEnglish, ([a, b]) => [`What is the opposite of ${a}?`, `The opposite of ${a} is ${b}.`]),
    ...each(words.translations, ([a, b]) => [`把“${a}”翻译成英语。`, b]),
    ...each(words.translations, ([a, b]) => [`Translate “${b}” into Chinese.`, a]),
    ...each(words.measureWords, ([a, b]) => [`填量词：一（　）${a}`, `一${b}${a}`]),
    ...each(words.plurals, ([a, b]) => [`What is the plural of ${a}?`, `The plural of ${a} is ${b}.`]),
  ];
}

function facts(): QuestionAnswer[] {
  return [
    ...each(words.coloursChinese, ([a, b]) => [`${a}是什么颜色的？`, `${a}是${b}色的。`]),
    ...each(words.coloursEnglish, ([a, b]) => [`What colour is ${a}?`, `${capital(a)} is ${b}.`]),
    ...each(words.capitalsChinese, ([a, b]) => [`${a}的首都是哪里？`, `${a}的首都是${b}。`]),
    ...each(words.capitalsEnglish, ([a, b]) => [`What is the capital of ${a}?`, `The capital of ${a} is ${b}.`]),
    ...each(words.soundsChinese, ([a, b]) => [`${a}怎么叫？`, `${a}“${b}”地叫。`]),
    ...each(words.legsEnglish, ([a, b]) => {
      return [`How many legs does a${vowel(a)} ${a} have?`, `A${vowel(a)} ${a} has ${b} legs.`];
    }),
  ];
}

function calendar(): QuestionAnswer[] {
  const after = (list: readonly string[], index: number, by: number) => list.at((index + by) % list.length)!;
  return [
    ...words.daysChinese.flatMap((day, index): QuestionAnswer[] => [
      [`${day}的后一天是星期几？`, `${day}的后一天是${after(words.daysChinese, index, 1)}。`],
      [`${day}的前一天是星期几？`, `${day}的前一天是${after(words.daysChinese, index, 6)}。`],
    ]),
    ...words.daysEnglish.map((day, index): QuestionAnswer => {
      return [`Which day comes after ${day}?`, `${after(words.daysEnglish, index, 1)} comes after ${day}.`];
    }),
    ...words.monthsEnglish.flatMap((month, index): QuestionAnswer[] => [
      [`Which month comes after ${month}?`, `${after(words.monthsEnglish, index, 1)} comes after ${month}.`],
      [`“${month}”是几月？`, `“${month}”是${index + 1}月。`],
    ]),
  ];
}

/** A number from 0 to 99 in Chinese characters. */
export function chineseNumber(value: number): string {
  const digit = (index: number) => "零一二三四五六七八九"[index]!;
  if (value < 10) return digit(value);
  const tens = Math.floor(value / 10);
  return `${tens === 1 ? "" : digit(tens)}十${value % 10 === 0 ? "" : digit(value % 10)}`;
}

/** The numbers 0 … count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function each(list: readonly Pair[], make: (pair: Pair) => QuestionAnswer): QuestionAnswer[] {
  return list.map(make);
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

function vowel(word: string): string {
  return "aeiou".includes(word[0]!) ? "n" : "";
}
