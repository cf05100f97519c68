/** A number from 0 to 99 in Chinese characters. */
export function chineseNumber(value: number): string {
  const digit = (index: number) => "零一二三四五六七八九"[index]!;
  if (value < 10) return digit(value);
  const tens = Math.floor(value / 10);
  return `${tens === 1 ? "" : digit(tens)}十${value % 10 === 0 ? "" : digit(value % 10)}`;
}

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
eighteen nineteen".split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** A number from 0 to 99 in English words. */
export function englishNumber(value: number): string {
  if (value < 20) return ONES[value]!;
  const tens = TENS[Math.floor(value / 10) - 2]!;
  return value % 10 === 0 ? tens : `${tens} ${ONES[value % 10]}`;
}
