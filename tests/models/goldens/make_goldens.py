"""Makes the golden files of this folder with transformers, PEFT and PyTorch on the CPU.

    python -m venv venv
    venv/bin/pip install -r requirements.txt
    venv/bin/python make_goldens.py

Everything comes from fixed seeds; README.md says what each file holds. The files are committed, and neither the
product nor its tests need Python.
"""

import json
import platform
import shutil
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

HERE = Path(__file__).parent
IGNORED = -100

CONFIGS = {
    "plain": dict(
        hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
        vocab_size=61, tie_word_embeddings=False, rms_norm_eps=1e-5,
    ),
    "grouped": dict(
        hidden_size=48, intermediate_size=68, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
        vocab_size=67, tie_word_embeddings=True, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 50000.0},
    ),
    "stretched": dict(
        hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        vocab_size=59, tie_word_embeddings=False, rms_norm_eps=1e-5,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    ),
    "qwen2": dict(
        model_type="qwen2", hidden_size=48, intermediate_size=52, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, vocab_size=63, tie_word_embeddings=True, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    ),
    "qwen3": dict(
        model_type="qwen3", hidden_size=40, intermediate_size=60, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, vocab_size=65, tie_word_embeddings=False, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    ),
    "mistral": dict(
        model_type="mistral", hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, vocab_size=62, tie_word_embeddings=False, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, sliding_window=48,
    ),
}  # fmt: skip
TARGETS = {
    "qv": ["q_proj", "v_proj"],
    "all": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}
ROW_LENGTHS = [9, 19, 5, 14]
PROMPT_LENGTHS = [4, 7, 1, 10]  # the ids whose labels are ignored; the first id of a row is never predicted anyway
MICRO_BATCHES = [[0, 1, 2], [3]]
TRAINING = dict(
    steps=20, warmup_steps=3, learning_rate=1e-2, betas=[0.9, 0.999], epsilon=1e-8, weight_decay=0.0,
    max_grad_norm=1.0,
)  # fmt: skip
FULL_TRAINING = TRAINING | dict(
    schedule="cosine", minimum_ratio=0.1, betas=[0.9, 0.95], weight_decay=0.1,
)  # fmt: skip


def make_model(shape: dict, generator: torch.Generator) -> transformers.PreTrainedModel:
    config = transformers.AutoConfig.for_model(
        **{"model_type": "llama", "max_position_embeddings": 64, "attn_implementation": "eager", **shape}
    )
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            is_norm = "norm" in name
            weight.copy_(1 + 0.3 * noise if is_norm else (0.3 if "embed" in name else 0.15) * noise)
    return model.eval()


def make_rows(vocabulary: int, generator: torch.Generator) -> list[dict]:
    rows = []
    for length, prompt in zip(ROW_LENGTHS, PROMPT_LENGTHS):
        ids = torch.randint(3, vocabulary, (length,), generator=generator).tolist()
        ids = [1, *ids[1:-1], 2]
        rows.append({"ids": ids, "labels": [IGNORED] * prompt + ids[prompt:]})
    return rows


def add_adapter(model, targets: list[str], base_name: str, generator: torch.Generator):
    config = peft.LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=targets,
    )  # fmt: skip
    model = peft.get_peft_model(model, config)
    model.peft_config["default"].base_model_name_or_path = base_name
    with torch.no_grad():
        for name, weight in lora_weights(model).items():
            std = 0.2 if ".lora_A." in name else 0.1  # B is not zero, so that the gradient of A is not zero either
            weight.copy_(std * torch.randn(weight.shape, generator=generator))
    return model


def lora_weights(model) -> dict[str, torch.Tensor]:
    """The trained tensors under the names that PEFT gives them in adapter_model.safetensors."""
    return {
        name.replace(".default.", "."): weight for name, weight in model.named_parameters() if weight.requires_grad
    }


def row_logits(model, row: dict) -> torch.Tensor:
    return model(input_ids=torch.tensor([row["ids"]]), use_cache=False).logits[0]


def summed_loss(model, rows: list[dict]) -> torch.Tensor:
    """Sum of the cross-entropy over labelled ids: the logits of position t are for the label of position t + 1."""
    losses = [
        cross_entropy(row_logits(model, row)[:-1], torch.tensor(row["labels"][1:]), ignore_index=IGNORED,
                      reduction="sum")
        for row in rows
    ]  # fmt: skip
    return torch.stack(losses).sum()


def labelled(rows: list[dict]) -> int:
    return sum(label != IGNORED for row in rows for label in row["labels"][1:])


def accumulate(model, rows: list[dict]) -> float:
    """Adds the gradients of the mean loss over all labelled ids, micro-batch by micro-batch, and returns that loss."""
    count = labelled(rows)
    total = 0.0
    for micro_batch in MICRO_BATCHES:
        loss = summed_loss(model, [rows[i] for i in micro_batch]) / count
        loss.backward()
        total += loss.item()
    return total


def make_schedule(optimizer, training: dict):
    if training.get("schedule") == "cosine":
        return transformers.get_cosine_with_min_lr_schedule_with_warmup(
            optimizer, training["warmup_steps"], training["steps"], min_lr_rate=training["minimum_ratio"]
        )
    return transformers.get_linear_schedule_with_warmup(optimizer, training["warmup_steps"], training["steps"])


def train(model, rows: list[dict], weights: list[torch.Tensor], training: dict) -> dict:
    """Weight decay, if there is any, is for matrices only."""
    groups = [
        {"params": [weight for weight in weights if weight.dim() == 2], "weight_decay": training["weight_decay"]},
        {"params": [weight for weight in weights if weight.dim() != 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=training["learning_rate"], betas=tuple(training["betas"]),
        eps=training["epsilon"], foreach=False,
    )  # fmt: skip
    schedule = make_schedule(optimizer, training)
    losses, norms, rates = [], [], []
    for _ in range(training["steps"]):
        optimizer.zero_grad()
        losses.append(accumulate(model, rows))
        norms.append(torch.nn.utils.clip_grad_norm_(weights, training["max_grad_norm"]).item())
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        after = summed_loss(model, rows).item() / labelled(rows)
    return {"losses": losses, "grad_norms": norms, "learning_rates": rates, "loss_after": after}


def copies(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def all_logits(model, rows: list[dict]) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return copies("logits", {str(i): row_logits(model, row) for i, row in enumerate(rows)})


def sort_targets(path: Path) -> None:
    """PEFT keeps the targets as a set and writes them in any order."""
    record = json.loads(path.read_text())
    record["target_modules"].sort()
    path.write_text(json.dumps(record, indent=2) + "\n")


def make_variant(directory: Path, base: Path, base_name: str, targets: list[str], rows: list[dict], seed: int) -> dict:
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    model = add_adapter(model, targets, base_name, torch.Generator().manual_seed(seed))
    model.save_pretrained(directory)
    (directory / "README.md").unlink()
    sort_targets(directory / "adapter_config.json")
    model.train()  # dropout is 0, so that this changes nothing

    tensors = all_logits(model, rows)
    loss = accumulate(model, rows)
    weights = lora_weights(model)
    tensors |= copies("grad", {name: weight.grad for name, weight in weights.items()})
    result = {"loss": loss, **train(model, rows, list(weights.values()), TRAINING)}
    tensors |= copies("final", weights)
    save_file(tensors, directory / "results.safetensors")
    return result


def make_full(directory: Path, base: Path, rows: list[dict]) -> dict:
    """All weights are trained; a head that is tied to the embedding is one tensor with it."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    model.train()
    weights = dict(model.named_parameters())
    accumulate(model, rows)
    tensors = copies("grad", {name: weight.grad for name, weight in weights.items()})
    result = train(model, rows, list(weights.values()), FULL_TRAINING)
    directory.mkdir()
    save_file(tensors | copies("final", weights), directory / "results.safetensors")
    return result


def make_config(name: str, shape: dict, seed: int) -> dict:
    directory = HERE / name
    shutil.rmtree(directory, ignore_errors=True)
    generator = torch.Generator().manual_seed(seed)
    model = make_model(shape, generator)
    rows = make_rows(shape["vocab_size"], generator)
    model.save_pretrained(directory)
    (directory / "generation_config.json").unlink()
    save_file(all_logits(model, rows), directory / "results.safetensors")
    with torch.no_grad():
        loss = summed_loss(model, rows).item() / labelled(rows)
    variants = {
        variant: make_variant(directory / variant, directory, name, targets, rows, seed + 1 + i)
        for i, (variant, targets) in enumerate(TARGETS.items())
    }
    full = make_full(directory / "full", directory, rows)
    return {"rows": rows, "labelled": labelled(rows), "loss": loss, "variants": variants, "full": full}


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    record = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "peft": peft.__version__,
        },
        "training": TRAINING,
        "full_training": FULL_TRAINING,
        "micro_batches": MICRO_BATCHES,
        "configs": {name: make_config(name, shape, 100 * (i + 1)) for i, (name, shape) in enumerate(CONFIGS.items())},
    }
    (HERE / "goldens.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
