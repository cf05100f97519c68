"""Makes generation/generation.json: what transformers' generate() gives for the networks of this folder.

    venv/bin/python make_generation_goldens.py

torch.multinomial, by which transformers draws, is replaced: each draw takes the next number of generation/uniforms.json,
which is what the product's generator gives for the seed named there, and finds the id whose stretch it points into when
probabilities are laid end to end, the likeliest first. What the numbers are drawn from is all transformers' own.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import transformers

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
HERE = Path(__file__).parent
UNIFORMS = json.loads((HERE / "generation" / "uniforms.json").read_text())
NEW = 14
PROMPT = 6
EOS = 2

GREEDY = dict(do_sample=False)
BEAMS = dict(do_sample=False, num_beams=4)
SAMPLED = dict(do_sample=True, temperature=1.3)
CASES = {
    "greedy": GREEDY,
    "repetition penalty": GREEDY | dict(repetition_penalty=1.8),
    "minimum": GREEDY | dict(min_new_tokens=9),
    "beams": BEAMS,
    "beams, minimum": BEAMS | dict(min_new_tokens=9),
    "beams, repetition penalty": BEAMS | dict(repetition_penalty=1.3),
    "temperature": SAMPLED,
    "top-k": SAMPLED | dict(top_k=7),
    "top-p": SAMPLED | dict(top_p=0.6),
    "min-p": SAMPLED | dict(min_p=0.2),
    "all": SAMPLED | dict(top_k=20, top_p=0.8, min_p=0.1, repetition_penalty=1.2, min_new_tokens=3),
    "beam sampling": SAMPLED | dict(num_beams=3, top_k=9, top_p=0.9),
}  # fmt: skip


class Draws:
    """Numbers in place of chance."""

    def __init__(self):
        self.at = 0

    def multinomial(self, probabilities: torch.Tensor, num_samples: int) -> torch.Tensor:
        left = probabilities[0].double().numpy().copy()
        drawn = []
        for _ in range(num_samples):
            order = np.argsort(-left, kind="stable")
            ends = np.cumsum(left[order])
            u = UNIFORMS["values"][self.at]
            self.at += 1
            drawn.append(int(order[np.searchsorted(ends, u * ends[-1], side="right")]))
            left[drawn[-1]] = 0
        return torch.tensor([drawn])


def answer(model, prompt: list[int], settings: dict, eos: int) -> dict:
    defaults = dict(temperature=1.0, top_k=0, top_p=1.0) if settings["do_sample"] else {}
    config = transformers.GenerationConfig(
        **(defaults | settings), max_new_tokens=NEW, bos_token_id=1, eos_token_id=eos, pad_token_id=0,
        return_dict_in_generate=True, output_scores=True, output_logits=True,
    )  # fmt: skip
    draws = Draws()
    original, torch.multinomial = torch.multinomial, draws.multinomial
    try:
        out = model.generate(input_ids=torch.tensor([prompt]), generation_config=config)
    finally:
        torch.multinomial = original
    ids = out.sequences[0, len(prompt):].tolist()
    result = {"ids": ids}
    if "num_beams" in settings:
        result["score"] = out.sequences_scores[0].item()
    else:
        result["logprobs"] = [
            torch.log_softmax(logits[0].double(), -1)[id].item() for logits, id in zip(out.logits, ids)
        ]
    return result


def network(name: str, adapter: bool) -> dict:
    record = json.loads((HERE / "goldens.json").read_text())["configs"][name]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / name, dtype=torch.float32, attn_implementation="eager"
    )
    if adapter:
        model = peft.PeftModel.from_pretrained(model, HERE / name / "all")
    model.eval()
    prompt = record["rows"][1]["ids"][:PROMPT]
    # An id that the network likes to say ends the answer in half of the cases; </s> never comes by itself.
    likely = answer(model, prompt, GREEDY, EOS)["ids"]
    common = max(likely[2:], key=likely.count)
    return {
        "prompt": prompt,
        "cases": {
            f"{case}{suffix}": {"settings": settings, "eos": eos} | answer(model, prompt, settings, eos)
            for case, settings in CASES.items()
            for suffix, eos in [("", EOS), (", ended", common)]
        },
    }


def main() -> None:
    torch.set_num_threads(1)
    record = {
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__, "peft": peft.__version__},
        "max_new_tokens": NEW,
        "networks": {
            f"{name}{'/all' if adapter else ''}": network(name, adapter)
            for name in ["plain", "grouped", "qwen2", "qwen3"]
            for adapter in [False, True]
        },
    }
    (HERE / "generation" / "generation.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
