import type { Dice } from "./dice.ts";
import { isIn, type Part } from "./held_out.ts";
import { kinds, type Word, words, wordsOf } from "./lexicon.ts";
import { chineseNumber } from "./numerals.ts";

/** Something to be asked for, in all phrasings. */
export interface Fact {
  /** What is asked, whatever the words; held-out facts share none with those to train on. */
  readonly subject: string;
  readonly phrasings: readonly string[];
  /** Phrasings that no training row has. */
  readonly heldOutPhrasings: readonly string[];
  readonly answer: string;
  /** An exchange on another fact of the same sort, after which a short question is enough. */
  readonly before?: { readonly question: string; readonly answer: string; readonly followUps: readonly string[] };
}

/** A word is held out for all that is asked of words: its translations, its reading, its measure word, its kind. */
const isWordIn = (part: Part, { chinese }: Word) => isIn(part, `word ${chinese}`);

const wordsIn = (part: Part, list: readonly Word[] = words) => list.filter((word) => isWordIn(part, word));

/** Words of a part, again and again, each round in another order, with a word to train on beside each. */
function* rounds(part: Part, dice: Dice, list: readonly Word[] = words): Generator<readonly [Word, Word]> {
  const others = wordsIn("train", list);
  while (true) {
    for (const word of dice.shuffled(wordsIn(part, list))) {
      const other = dice.pick(others);
      if (other !== word) yield [word, other];
    }
  }
}

/** Chinese words to be translated. */
export function* toEnglish(part: Part, dice: Dice): Generator<Fact> {
  for (const [{ chinese, english }, other] of rounds(part, dice)) {
    yield {
      subject: `${chinese} > ${english}`,
      answer: english,
      phrasings: [
        `翻译成英语：${chinese}`,
        `“${chinese}”用英语怎么说？`,
        `请把这个词翻译成英文：${chinese}`,
        `Translate into English: ${chinese}`,
        `What is the English word for ${chinese}?`,
      ],
      heldOutPhrasings: [`请说出英文：${chinese}`, `Give the English word for ${chinese}`],
      before: {
        question: `“${other.chinese}”用英语怎么说？`,
        answer: other.english,
        followUps: [`那“${chinese}”呢？`, `And ${chinese}?`],
      },
    };
  }
}

/** English words to be translated. */
export function* toChinese(part: Part, dice: Dice): Generator<Fact> {
  for (const [{ chinese, english }, other] of rounds(part, dice)) {
    yield {
      subject: `${english} > ${chinese}`,
      answer: chinese,
      phrasings: [
        `翻译成中文：${english}`,
        `“${english}”用中文怎么说？`,
        `请把这个词翻译成中文：${english}`,
        `Translate into Chinese: ${english}`,
        `What is the Chinese word for ${english}?`,
      ],
      heldOutPhrasings: [`请说出中文：${english}`, `Give the Chinese word for ${english}`],
      before: {
        question: `“${other.english}”用中文怎么说？`,
        answer: other.chinese,
        followUps: [`那“${english}”呢？`, `And ${english}?`],
      },
    };
  }
}

/** Readings of words. */
export function* pinyin(part: Part, dice: Dice): Generator<Fact> {
  for (const [{ chinese, pinyin }, other] of rounds(part, dice)) {
    yield {
      subject: `${chinese} > ${pinyin}`,
      answer: pinyin,
      phrasings: [
        `写出拼音：${chinese}`,
        `“${chinese}”的拼音是什么？`,
        `给这个词注音：${chinese}`,
        `Give the pinyin: ${chinese}`,
        `How is this read: ${chinese}`,
      ],
      heldOutPhrasings: [`请写拼音：${chinese}`, `Write the pinyin of ${chinese}`],
      before: {
        question: `“${other.chinese}”的拼音是什么？`,
        answer: other.pinyin,
        followUps: [`那“${chinese}”呢？`, `And ${chinese}?`],
      },
    };
  }
}

/** Two numbers of which the pair, in either order, is of a part. */
function* numberPairs(part: Part, dice: Dice, make: () => readonly [number, number]) {
  while (true) {
    const [a, b] = make();
    if (isIn(part, [Math.min(a, b), Math.max(a, b)].join(" "))) yield dice.shuffled([a, b]) as [number, number];
  }
}

/** Sums of numbers up to 20. */
export function* sums(part: Part, dice: Dice): Generator<Fact> {
  const make = () => [dice.between(1, 20), dice.between(1, 20)] as const;
  for (const [a, b] of numberPairs(part, dice, make)) {
    yield {
      subject: [a, b].toSorted((one, other) => one - other).join(" + "),
      answer: `${a + b}`,
      phrasings: [
        `计算：${a}加${b}`,
        `计算：${a}+${b}`,
        `${a}+${b}等于几？`,
        `求和：${a}，${b}`,
        `What is ${a} plus ${b}?`,
        `Add ${a} and ${b}.`,
        `How much is ${a}+${b}?`,
      ],
      heldOutPhrasings: [`请算出${a}加${b}。`, `What is the sum of ${a} and ${b}?`],
    };
  }
}

/** The larger or the smaller of two numbers. */
export function* comparing(part: Part, dice: Dice): Generator<Fact> {
  const make = () => [dice.between(1, 50), dice.between(1, 50)] as const;
  for (const [a, b] of numberPairs(part, dice, make)) {
    if (a === b) continue;
    const wantsLarger = dice.between(0, 1) === 1;
    const [large, small] = [Math.max(a, b), Math.min(a, b)];
    yield {
      subject: `${small} < ${large}`,
      answer: `${wantsLarger ? large : small}`,
      phrasings: wantsLarger
        ? [
          `${a}和${b}哪个大？`,
          `写出较大的数：${a}，${b}`,
          `Which is larger, ${a} or ${b}?`,
          `Name the larger: ${a}, ${b}`,
        ]
        : [
          `${a}和${b}哪个小？`,
          `写出较小的数：${a}，${b}`,
          `Which is smaller, ${a} or ${b}?`,
          `Name the smaller: ${a}, ${b}`,
        ],
      heldOutPhrasings: wantsLarger
        ? [`${a}，${b}，哪个数大？`, `Which number is larger, ${a} or ${b}?`]
        : [`${a}，${b}，哪个数小？`, `Which number is smaller, ${a} or ${b}?`],
    };
  }
}

/** Three numbers to be put in order. */
export function* sorting(part: Part, dice: Dice): Generator<Fact> {
  while (true) {
    const numbers = Array.from({ length: 3 }, () => dice.between(1, 50));
    const sorted = numbers.toSorted((one, other) => one - other).join(", ");
    if (!isIn(part, sorted) || new Set(numbers).size < 3) continue;
    const given = numbers.join(", ");
    yield {
      subject: sorted,
      answer: sorted,
      phrasings: [
        `从小到大排列：${given}`,
        `把这些数从小到大排好：${given}`,
        `Sort from small to large: ${given}`,
        `Put in order: ${given}`,
      ],
      heldOutPhrasings: [`请从小到大写出：${given}`, `Sort these numbers: ${given}`],
    };
  }
}

/** Four words, one of another kind; a held-out answer is a held-out word. */
export function* oddOneOut(part: Part, dice: Dice): Generator<Fact> {
  while (true) {
    const [key, otherKey] = dice.several([...kinds.keys()], 2) as [string, string];
    const three = dice.several(wordsIn("train", wordsOf(key)), 3);
    const candidates = wordsIn(part, wordsOf(otherKey));
    if (candidates.length === 0) continue;
    const odd = dice.pick(candidates);
    const list = dice.shuffled([...three, odd]);
    const isChinese = dice.between(0, 1) === 1;
    const [text, answer] = isChinese
      ? [list.map(({ chinese }) => chinese).join("，"), odd.chinese]
      : [list.map(({ english }) => english).join(", "), odd.english];
    yield {
      subject: `${list.map(({ chinese }) => chinese).sort().join(" ")} > ${odd.chinese}`,
      answer,
      phrasings: isChinese ? [`哪个词与其他不同：${text}`, `找出不同类的词：${text}`, `哪个词不属于同类：${text}`] : [
        `Which word is the odd one out: ${text}`,
        `Find the word that differs: ${text}`,
        `Which does not belong: ${text}`,
      ],
      heldOutPhrasings: isChinese ? [`请找出不同的词：${text}`] : [`Name the odd word: ${text}`],
    };
  }
}

/** The next of some numbers, or the measure word of a noun. */
export function* completing(part: Part, dice: Dice): Generator<Fact> {
  const nouns = rounds(part, dice, words.filter(({ measure }) => measure !== undefined));
  while (true) {
    if (dice.between(0, 2) === 0) {
      const start = dice.between(1, 46);
      if (!isIn(part, `${start} by 1`)) continue;
      const given = [0, 1, 2, 3].map((at) => start + at).join(", ");
      yield {
        subject: `${start} by 1`,
        answer: `${start + 4}`,
        phrasings: [
          `写出下一个数：${given}`,
          `接下来是几：${given}`,
          `Write the next number: ${given}`,
          `Complete: ${given}`,
        ],
        heldOutPhrasings: [`下一个数是什么：${given}`, `Which number is next: ${given}`],
      };
    } else {
      const { chinese, measure } = nouns.next().value![0];
      yield {
        subject: `${chinese} > ${measure}`,
        answer: `${measure}`,
        phrasings: [`填量词：一（）${chinese}`, `加上量词：${chinese}`, `Fill in: 一（）${chinese}`],
        heldOutPhrasings: [`补上量词：一（）${chinese}`],
      };
    }
  }
}

/** Answers in a form that is asked for. */
export function* form(part: Part, dice: Dice): Generator<Fact> {
  const pairs = rounds(part, dice);
  while (true) {
    const { chinese, english, pinyin } = pairs.next().value![0];
    const value = dice.between(1, 50);
    const numeral = chineseNumber(value);
    const choice = dice.between(0, 3);
    if (choice === 0 && !isIn(part, `numeral ${value}`)) continue;
    yield [
      {
        subject: `${value} > ${numeral}`,
        answer: numeral,
        phrasings: [`用汉字写出${value}。`, `把${value}写成汉字。`, `Write ${value} in Chinese characters.`],
        heldOutPhrasings: [`请用汉字写${value}。`],
      },
      {
        subject: `${chinese} > ${pinyin}, ${english}`,
        answer: `${pinyin}, ${english}`,
        phrasings: [
          `按“拼音, 英文”的格式回答：${chinese}`,
          `写成“拼音, 英文”：${chinese}`,
          `Answer as “pinyin, English”: ${chinese}`,
        ],
        heldOutPhrasings: [`请用“拼音, 英文”的格式写：${chinese}`],
      },
      {
        subject: `${chinese} > ${english} (${pinyin})`,
        answer: `${english} (${pinyin})`,
        phrasings: [
          `按“英文 (拼音)”的格式回答：${chinese}`,
          `写成“英文 (拼音)”：${chinese}`,
          `Answer as “English (pinyin)”: ${chinese}`,
        ],
        heldOutPhrasings: [`请用“英文 (拼音)”的格式写：${chinese}`],
      },
      {
        subject: `${english} > “${chinese}”`,
        answer: `“${chinese}”`,
        phrasings: [
          `用“”写出中文：${english}`,
          `用“”的格式回答中文：${english}`,
          `Answer in Chinese as “”: ${english}`,
        ],
        heldOutPhrasings: [`请用“”的格式写中文：${english}`],
      },
    ][choice]!;
  }
}
