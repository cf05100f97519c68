// Questions to begin with: those that Chinese-Vicuna shows first, then one with a text to work on, and one in English.

/** A question to try. */
export interface SampleQuestion {
  readonly instruction: string;
  readonly input: string;
}

const sample = (instruction: string, input = ""): SampleQuestion => ({ instruction, input });

/** All of them, in the order in which they are offered. */
export const SAMPLES: readonly SampleQuestion[] = [
  sample("生成一份python的排序代码"),
  sample("自然语言处理是什么"),
  sample("能给我讲一段笑话吗"),
  sample("将下面文字翻译成英文。猫喜欢吃鱼，所以它们会游泳"),
  sample("把下面的句子改写得更正式。", "这事儿我回头再跟你说。"),
  sample("What is the capital of France?"),
];
