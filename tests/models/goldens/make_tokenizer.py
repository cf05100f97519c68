"""Makes goldens/qwen_tokenizer/: a small tokenizer with the pipeline of Qwen2's, and what it makes of some texts.

    venv/bin/python make_tokenizer.py
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(__file__).parent / "qwen_tokenizer"
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
TRAINED_ON = [
    "Hello, nice to meet you! How are you today? I'm fine, and you're fine too.",
    "你好很高兴能见到你！今天天气很好，你好吗？高兴的人今天很高兴，天气好的今天人很高兴。",
    "the cat and the hat and the bat sat on the mat with the rat",
    "def f(x):\n    return x + 1\n\n\nprint(f(2024))\n",
]
TEXTS = [
    *TRAINED_ON,
    "", " ", "  ", "\n", "\r\n\r\n  x", "a  b   c ", "I'LL don't WE'VE it's 'S", "3.14159 and 2024年",
    "你好 world！  \n\n混合 text", "e\u0301 is é, ﬁ is not fi", "🙂👍🏽 family 👨‍👩‍👧", "\ttab\u00a0nbsp\u3000wide", "x\u200by",
    "</s><|endoftext|><|im_start|>", "naïve café — “quotes” … §", "ĠĊ literal", "𠀀𠮷 rare", "ÀÉ\u0000\u0001",
]  # fmt: skip


def main() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TRAINED_ON * 3, trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet))
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    plain = Tokenizer.from_str(tokenizer.to_str())  # control tokens in a text are text
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    OUT.mkdir(exist_ok=True)
    tokenizer.save(str(OUT / "tokenizer.json"))
    config = {"tokenizer_class": "Qwen2Tokenizer", "bos_token": None, "eos_token": "<|im_end|>", "pad_token": special[0]}
    (OUT / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    vectors = [{"text": text, "ids": plain.encode(text).ids, "back": plain.decode(plain.encode(text).ids)} for text in TEXTS]
    (OUT / "vectors.json").write_text(json.dumps(vectors, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
