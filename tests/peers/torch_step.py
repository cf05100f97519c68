"""The LoRA step of `deno task bench` in PyTorch, float32 on the processor: a child of compare.ts.

Prints one line of JSON. Usage: torch_step.py CONFIG, where CONFIG is JSON with the sizes of the model and of the batch.
"""

import json
import sys
import time

import torch
from torch.nn import functional as F

config = json.loads(sys.argv[1])
C, layers, H = config["hiddenSize"], config["layers"], config["heads"]
D, wide, V = C // H, config["intermediateSize"], config["vocabularySize"]
B, T, rank, scale = config["rows"], config["rowTokens"], config["rank"], config["alpha"] / config["rank"]
torch.manual_seed(1)


def weight(*shape: int) -> torch.Tensor:
    return torch.randn(*shape) * 0.02


def adapter() -> tuple[torch.Tensor, torch.Tensor]:
    return weight(rank, C).requires_grad_(), torch.zeros(C, rank).requires_grad_()


embedding, head, last_norm = weight(V, C), weight(V, C), torch.ones(C)
frozen = [
    {
        "n1": torch.ones(C), "q": weight(C, C), "k": weight(C, C), "v": weight(C, C), "o": weight(C, C),
        "n2": torch.ones(C), "gate": weight(wide, C), "up": weight(wide, C), "down": weight(C, wide),
    }
    for _ in range(layers)
]
adapters = [{"q": adapter(), "v": adapter()} for _ in range(layers)]
optimizer = torch.optim.AdamW([m for pair in adapters for ab in pair.values() for m in ab], lr=3e-4, weight_decay=0.0)

angles = torch.arange(T)[:, None] * config["ropeTheta"] ** (-torch.arange(0, D, 2) / D)
cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
ids = (torch.arange(B * T) * 7919 % V).view(B, T)
# The last token of a row predicts nothing.
labels = torch.cat([ids[:, 1:], torch.full((B, 1), -100)], dim=1).view(-1)


def rotate(x: torch.Tensor) -> torch.Tensor:
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-high, low], dim=-1) * sin


def adapted(x: torch.Tensor, w: torch.Tensor, ab: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return F.linear(x, w) + F.linear(F.linear(x, ab[0]), ab[1]) * scale


def heads(x: torch.Tensor) -> torch.Tensor:
    return x.view(B, T, H, D).transpose(1, 2)


def loss() -> torch.Tensor:
    x = F.embedding(ids, embedding)
    for w, lora in zip(frozen, adapters):
        h = F.rms_norm(x, (C,), w["n1"], 1e-6)
        q, k = rotate(heads(adapted(h, w["q"], lora["q"]))), rotate(heads(F.linear(h, w["k"])))
        v = heads(adapted(h, w["v"], lora["v"]))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + F.linear(attended.transpose(1, 2).reshape(B, T, C), w["o"])
        h = F.rms_norm(x, (C,), w["n2"], 1e-6)
        x = x + F.linear(F.silu(F.linear(h, w["gate"])) * F.linear(h, w["up"]), w["down"])
    return F.cross_entropy(F.linear(F.rms_norm(x, (C,), last_norm, 1e-6), head).view(-1, V), labels)


def step() -> float:
    optimizer.zero_grad()
    value = loss()
    value.backward()
    optimizer.step()
    return value.item()


losses, best = [step()], float("inf")
stop = time.perf_counter() + config["seconds"]
while time.perf_counter() < stop or len(losses) < 4:
    begin = time.perf_counter()
    losses.append(step())
    best = min(best, time.perf_counter() - begin)
assert losses[-1] < losses[0], f"the loss does not fall: {losses}"
print(json.dumps({"tokens_per_second": B * T / best, "torch": torch.__version__, "threads": torch.get_num_threads()}))
