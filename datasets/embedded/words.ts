/** Words and facts of the embedded samples, as pairs; Chinese and English apart where the words differ. */

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

export const coloursChinese: readonly Pair[] = pairs(
  "香蕉 黄,草 绿,雪 白,煤 黑,樱桃 红,橙子 橙,茄子 紫,牛奶 白,晴天的天空 蓝,乌鸦 黑,柠檬 黄,菠菜 绿,草莓 红,西瓜皮 绿,熟的番茄 红,向日葵的花瓣 黄",
);

export const coloursEnglish: readonly Pair[] = pairs(
  "grass green,snow white,coal black,milk white,blood red,spinach green,salt white,gold yellow,ivory white,soot black," +
    "lavender purple,chocolate brown",
);

export const translations: readonly Pair[] = pairs(
  "苹果 apple,水 water,书 book,猫 cat,狗 dog,太阳 sun,月亮 moon,鱼 fish,鸟 bird,树 tree,花 flower,手 hand,眼睛 eye,门 door," +
    "桌子 table,椅子 chair,学校 school,老师 teacher,学生 student,朋友 friend,妈妈 mother,爸爸 father,米饭 rice,面包 bread,牛奶 milk," +
    "茶 tea,火 fire,山 mountain,河 river,海 sea,雨 rain,雪 snow,风 wind,红色 red,蓝色 blue,绿色 green,今天 today,明天 tomorrow," +
    "昨天 yesterday,谢谢 thank you,你好 hello,再见 goodbye,医生 doctor,汽车 car,飞机 plane,火车 train,城市 city,音乐 music",
);

export const measureWords: readonly Pair[] = pairs(
  "书 本,马 匹,鱼 条,纸 张,车 辆,树 棵,花 朵,衣服 件,狗 只,伞 把,河 条,桥 座,床 张,笔 支,信 封,猫 只,牛 头,飞机 架,电脑 台,山 座,椅子 把," +
    "裤子 条,鞋 双,诗 首,船 艘,灯 盏",
);

export const capitalsChinese: readonly Pair[] = pairs(
  "中国 北京,法国 巴黎,日本 东京,英国 伦敦,德国 柏林,意大利 罗马,俄罗斯 莫斯科,韩国 首尔,西班牙 马德里,埃及 开罗,美国 华盛顿,泰国 曼谷,希腊 雅典,加拿大 渥太华",
);

export const capitalsEnglish: readonly Pair[] = pairs(
  "France Paris,Japan Tokyo,Germany Berlin,Italy Rome,Spain Madrid,Egypt Cairo,China Beijing,Greece Athens,Russia Moscow," +
    "Norway Oslo,Portugal Lisbon,Austria Vienna,Cuba Havana,Peru Lima",
);

export const soundsChinese: readonly Pair[] = pairs(
  "狗 汪汪,猫 喵喵,鸭子 嘎嘎,羊 咩咩,牛 哞哞,小鸡 叽叽,青蛙 呱呱,蜜蜂 嗡嗡",
);

export const legsEnglish: readonly Pair[] = pairs(
  "cat four,bird two,spider eight,ant six,horse four,snake no,bee six,hen two,cow four,fish no",
);

export const plurals: readonly Pair[] = pairs(
  "cat cats,box boxes,child children,mouse mice,foot feet,city cities,leaf leaves,man men,tooth teeth,bus buses,day days," +
    "baby babies",
);

export const daysChinese: readonly string[] = [..."一二三四五六日"].map((day) => `星期${day}`);

export const daysEnglish: readonly string[] = list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");

export const monthsEnglish: readonly string[] = list(
  "January February March April May June July August September October November December",
);

export const namesChinese: readonly string[] = list("小明 小红 小刚 小丽 小华 小芳 阿强 阿梅");

export const namesEnglish: readonly string[] = list("Tom Anna Ben Lucy Sam Mary Jack Rose");

export const placesChinese: readonly string[] = list("北京 上海 广州 成都 西安 杭州 南京 武汉");

/** Short polite exchanges. */
export const greetings: readonly Pair[] = [
  ["你好！", "你好！有什么可以帮你？"],
  ["您好", "您好！请问需要什么帮助？"],
  ["早上好！", "早上好！祝你今天愉快。"],
  ["下午好！", "下午好！有什么事吗？"],
  ["晚上好！", "晚上好！今天过得好吗？"],
  ["晚安。", "晚安，好梦。"],
  ["谢谢你！", "不客气。"],
  ["再见！", "再见，欢迎再来。"],
  ["对不起。", "没关系。"],
  ["你是谁？", "我是一个中文助手。"],
  ["你会做什么？", "我可以回答问题、翻译和计算。"],
  ["祝你新年快乐！", "谢谢，也祝你新年快乐！"],
  ["請問你是誰？", "我是一個中文助手。"],
  ["謝謝！", "不客氣。"],
  ["Hello!", "Hello! How can I help you?"],
  ["Good morning!", "Good morning! Have a nice day."],
  ["Good evening!", "Good evening! How was your day?"],
  ["Good night.", "Good night. Sleep well."],
  ["Thank you!", "You are welcome."],
  ["Goodbye!", "Goodbye! See you soon."],
  ["Who are you?", "I am an assistant."],
  ["What can you do?", "I can answer questions, translate and count."],
  ["I am sorry.", "That is all right."],
  ["Nice to meet you!", "Nice to meet you, too!"],
];

function list(words: string): string[] {
  return words.split(" ");
}

function pairs(text: string): Pair[] {
  return text.split(",").map((item) => {
    const [word, other] = item.split(" ");
    // What follows the first space belongs together: "thank you".
    return [word!, item.slice(word!.length + 1) || other!] as const;
  });
}
