"""What PyTorch, transformers and PEFT make of files, for the tests of this folder. Versions: requirements.txt of
tests/models/goldens. Every command prints JSON."""

import argparse
import hashlib
import json
import os

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from transformers import AutoModelForCausalLM, set_seed


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].numpy().astype("<f4")


def logits(folder, adapter, ids, out):
    """Logits (T, V) of the ids, by a model folder with an adapter of PEFT if given, as raw float32."""
    model = load(folder)
    if adapter:
        model = PeftModel.from_pretrained(model, adapter).eval()
    values = logits_of(model, ids)
    values.tofile(out)
    return {"shape": values.shape, "peft": adapter is not None}


def state_dict(path):
    """Opens a file without trusting it, and says what is in it."""
    tensors = torch.load(path, weights_only=True)
    return {
        name: {
            "dtype": str(tensor.dtype),
            "shape": list(tensor.shape),
            "sha256": hashlib.sha256(tensor.numpy().tobytes()).hexdigest(),
        }
        for name, tensor in tensors.items()
    }


def randomise(model):
    """Adapters begin with B zero, which would hide whether it is read."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.1)
    return model


def make_adapters(folder, out):
    """Adapters as PEFT saves them, each with raw logits of row 0 of the golden files beside it."""
    with open(os.path.join(os.path.dirname(folder), "goldens.json")) as file:
        ids = json.load(file)["configs"][os.path.basename(folder)]["rows"][0]["ids"]
    attention = ["q_proj", "v_proj"]
    cases = {
        "bin": (dict(r=4, lora_alpha=8, target_modules=attention), False),
        "patterns": (
            dict(
                r=2,
                lora_alpha=8,
                target_modules=attention + ["down_proj"],
                rank_pattern={"down_proj": 5, "layers.1.self_attn.q_proj": 3},
                alpha_pattern={"v_proj": 3, "layers.0.mlp.down_proj": 7},
            ),
            True,
        ),
        "rslora": (dict(r=3, lora_alpha=6, target_modules=attention, use_rslora=True), True),
        "checkpoint": (dict(r=8, lora_alpha=16, lora_dropout=0.05, target_modules=attention), None),
    }
    for name, (config, safe) in cases.items():
        set_seed(7)
        model = randomise(get_peft_model(load(folder), LoraConfig(task_type="CAUSAL_LM", **config))).eval()
        model.base_model.peft_config["default"].base_model_name_or_path = "golden"
        place = os.path.join(out, name)
        os.makedirs(place, exist_ok=True)
        if safe is None:  # what Chinese-Vicuna's Trainer leaves in checkpoint-<step>
            torch.save(get_peft_model_state_dict(model), os.path.join(place, "pytorch_model.bin"))
        else:
            state = get_peft_model_state_dict(model)
            model.base_model.peft_config["default"].inference_mode = True
            model.base_model.peft_config["default"].save_pretrained(place)
            if safe:
                from safetensors.torch import save_file

                save_file(state, os.path.join(place, "adapter_model.safetensors"), metadata={"format": "pt"})
            else:
                torch.save(state, os.path.join(place, "adapter_model.bin"))
        logits_of(model, ids).tofile(os.path.join(place, "logits.f32"))
    return sorted(cases)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["logits", "state_dict", "make_adapters"])
    parser.add_argument("path")
    parser.add_argument("--adapter")
    parser.add_argument("--ids", type=json.loads)
    parser.add_argument("--out")
    args = parser.parse_args()
    if args.command == "logits":
        result = logits(args.path, args.adapter, args.ids, args.out)
    elif args.command == "state_dict":
        result = state_dict(args.path)
    else:
        result = make_adapters(args.path.rstrip("/"), args.out)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
