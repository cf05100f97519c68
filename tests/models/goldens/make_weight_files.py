"""Makes goldens/weights/: the base `plain` as PyTorch saves it, and a file of views.

    venv/bin/python make_weight_files.py

The values are those of plain/model.safetensors, so that a test can compare them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent
OUT = HERE / "weights"


def single(state: dict[str, torch.Tensor]) -> None:
    """torch.save of a state dictionary with the attribute _metadata, of parameters, tied and transposed tensors."""
    tensors = torch.nn.Module().state_dict()  # an OrderedDict with _metadata, as every module gives it
    tensors.update(state)
    first = "model.layers.0.mlp.gate_proj.weight"
    tensors[first] = torch.nn.Parameter(tensors[first])
    second = "model.layers.0.mlp.down_proj.weight"
    tensors[second] = tensors[second].t().contiguous().t()  # stored column by column
    fused = torch.cat([tensors["model.layers.1.mlp.gate_proj.weight"], tensors["model.layers.1.mlp.up_proj.weight"]])
    half = fused.shape[0] // 2
    tensors["model.layers.1.mlp.gate_proj.weight"] = fused[:half]
    tensors["model.layers.1.mlp.up_proj.weight"] = fused[half:]
    (OUT / "bin").mkdir(parents=True, exist_ok=True)
    torch.save(tensors, OUT / "bin" / "pytorch_model.bin")


def sharded(state: dict[str, torch.Tensor]) -> None:
    """Two shards, one in float16 and one in bfloat16, with their index."""
    folder = OUT / "bin_shards"
    folder.mkdir(parents=True, exist_ok=True)
    places = {}
    for shard, dtype in enumerate([torch.float16, torch.bfloat16]):
        name = f"pytorch_model-0000{shard + 1}-of-00002.bin"
        chosen = {key: tensor.to(dtype) for i, (key, tensor) in enumerate(state.items()) if i % 2 == shard}
        torch.save(chosen, folder / name)
        places |= dict.fromkeys(chosen, name)
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")


def views() -> None:
    """Views of every kind over one storage each: strides, offsets, no elements, no dimensions, other element types."""
    values = torch.arange(120, dtype=torch.float32).reshape(2, 3, 4, 5)
    torch.save(
        {
            "whole": values, "permuted": values.permute(3, 0, 2, 1), "stepped": values[:, ::2, 1:, ::3],
            "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 7), "one": values[1, 2, 3, 4],
            "ids": torch.arange(3), "double": values[0, 0].double(), "flag": torch.tensor([True, False]),
        },
        OUT / "views.bin",
    )  # fmt: skip
    torch.save({"w": values[0, 0]}, OUT / "old.bin", _use_new_zipfile_serialization=False)


def main() -> None:
    state = load_file(HERE / "plain" / "model.safetensors")
    single(state)
    sharded(state)
    views()


if __name__ == "__main__":
    main()
