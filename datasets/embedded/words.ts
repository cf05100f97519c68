/** Words that belong together, for lines and rules. */

/** A word and what belongs to it. */
export type Pair = readonly [word: string, other: string];

export const oppositesChinese: readonly Pair[] = pairs(
  "大 小,高 矮,长 短,多 少,快 慢,新 旧,冷 热,黑 白,上 下,左 右,前 后,里 外,开 关,买 卖,来 去,早 晚,轻 重,远 近,粗 细,胖 瘦," +
    "深 浅,宽 窄,干 湿,软 硬,真 假,强 弱,安静 吵闹,成功 失败,开始 结束,简单 复杂",
);

export const oppositesEnglish: readonly Pair[] = pairs(
  "big small,hot cold,up down,fast slow,new old,happy sad,day night,open closed,left right,in out,early late," +
    "light heavy,near far,wet dry,soft hard,true false,strong weak,full empty,loud quiet,high low,rich poor,first last," +
    "push pull,clean dirty,thick thin,young old",
);

export const daysChinese: readonly string[] = [..."一二三四五六日"].map((day) => `星期${day}`);

export const daysEnglish: readonly string[] = list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");

export const monthsEnglish: readonly string[] = list(
  "January February March April May June July August September October November December",
);

function list(words: string): string[] {
  return words.split(" ");
}

function pairs(text: string): Pair[] {
  return text.split(",").map((item) => item.split(" ") as [string, string]);
}
