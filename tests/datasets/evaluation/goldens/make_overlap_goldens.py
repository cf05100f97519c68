"""Writes overlap.json: ROUGE-L and chrF2 of pairs of texts, by rouge-score 0.1.2 and sacrebleu 2.6.0.

Both split texts into characters, white space left out. Run: pip install rouge-score==0.1.2 sacrebleu==2.6.0, then
python make_overlap_goldens.py
"""

import json
import random
from pathlib import Path

from rouge_score import rouge_scorer
from sacrebleu.metrics import CHRF

PAIRS = [
    ("长城是中国古代的防御工程。", "长城是中国古代修建的军事防御工程。"),
    ("我不知道。", "北京是中华人民共和国的首都，位于华北平原北部。"),
    ("北京", "北京"),
    ("京北", "北京"),
    ("", "有答案"),
    ("有答案", ""),
    (" \n\t", "空白"),
    ("The cat sat on the mat.", "A cat is sitting on the mat."),
    ("苹果 apple 和 梨 pear", "苹果（apple）、梨（pear）和李子"),
    ("哈哈哈哈哈哈", "哈哈"),
    ("𠮷野家很好吃😀", "𠮷野家好吃😀😀"),
    ("一二三四五六七八九十", "十九八七六五四三二一"),
]


class Characters:
    def tokenize(self, text):
        return [character for character in text if not character.isspace()]


def random_pairs():
    source = random.Random(7)
    for length in (3, 8, 40, 150):
        reference = "".join(source.choice("春眠不觉晓处闻啼鸟夜来风雨声花落知多少 ab") for _ in range(length))
        kept = [c for c in reference if source.random() < 0.7]
        yield "".join(kept + [source.choice("春风") for _ in range(length // 4)]), reference


def main():
    rouge = rouge_scorer.RougeScorer(["rougeL"], tokenizer=Characters())
    chrf = CHRF()
    rows = [
        {
            "answer": answer,
            "reference": reference,
            "rougeL": rouge.score(reference, answer)["rougeL"].fmeasure,
            "chrF": chrf.sentence_score(answer, [reference]).score,
        }
        for answer, reference in [*PAIRS, *random_pairs()]
    ]
    text = json.dumps(rows, ensure_ascii=False, indent=1)
    Path(__file__).with_name("overlap.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
