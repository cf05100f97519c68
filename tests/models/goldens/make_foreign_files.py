"""Makes goldens/gguf/ and goldens/meta/: networks of this folder in the forms of llama.cpp and of Meta.

    venv/bin/python make_foreign_files.py

GGUF files are written by llama.cpp's own Python package. The permutation of rows is that of llama.cpp's and of
transformers' conversion scripts, written anew from what they do.
"""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from safetensors.torch import load_file

HERE = Path(__file__).parent
Q = gguf.GGMLQuantizationType
NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "embed_tokens": "token_embd", "norm": "output_norm",
}  # fmt: skip


def pairs(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows i and i + D/2 of a head become neighbours."""
    return weight.view(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).transpose(1, 2).reshape(weight.shape)


def gguf_name(name: str) -> str:
    name, _, end = name.removeprefix("model.").rpartition(".")
    if name == "lm_head":
        return f"output.{end}"
    parts = name.split(".")
    if parts[0] == "layers":
        return f"blk.{parts[1]}.{NAMES['.'.join(parts[2:])]}.{end}"
    return f"{NAMES[name]}.{end}"


def network(name: str) -> None:
    """A network of the goldens: matrices in float16, vectors in float32."""
    config = json.loads((HERE / name / "config.json").read_text())
    arch, heads, groups = config["model_type"], config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(HERE / "gguf" / f"{name}.gguf", arch)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    head = config.get("head_dim") or config["hidden_size"] // heads
    if head * heads != config["hidden_size"]:
        writer.add_key_length(head)
        writer.add_value_length(head)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    vocabulary(writer, config["vocab_size"])
    for key, weight in load_file(HERE / name / "model.safetensors").items():
        if arch == "llama" and ".q_proj." in key:
            weight = pairs(weight, heads)
        if arch == "llama" and ".k_proj." in key:
            weight = pairs(weight, groups)
        writer.add_tensor(gguf_name(key), (weight.half() if weight.dim() == 2 else weight).numpy())
    finish(writer)


def vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """A SentencePiece vocabulary of letters and a few merges."""
    joined = ["▁a", "▁b", "ab", "▁ab", "abc"]
    letters = ["▁", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    texts = (["<unk>", "<s>", "</s>", *joined, *letters])[:size]
    kinds = [2, 3, 3, *[1] * (len(texts) - 3)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores([0.0, 0.0, 0.0, *[-float(i) for i in range(len(texts) - 3)]])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def quantised() -> None:
    """Tensors of each element type beside the float32 values that the package makes of them."""
    writer = gguf.GGUFWriter(HERE / "gguf" / "quantised.gguf", "test")
    random = np.random.default_rng(7)
    values = random.standard_normal((5, 256)).astype(np.float32)
    values[2] = 0
    for kind in [Q.F16, Q.BF16, Q.Q8_0, Q.Q4_0]:
        data = quantize(values, kind)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.values", dequantize(data, kind))
    blocks = random.integers(0, 256, (5, 210), dtype=np.uint8)
    blocks[:, 208:] = random.standard_normal((5, 1)).astype(np.float16).view(np.uint8)
    writer.add_tensor("Q6_K", blocks, raw_dtype=Q.Q6_K)
    writer.add_tensor("Q6_K.values", dequantize(blocks, Q.Q6_K))
    for kind in [Q.Q4_1, Q.Q5_0, Q.Q5_1]:
        data = quantize(values, kind)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.values", dequantize(data, kind))
    # The package does not quantise these: random bits, with scales (at these bytes) that are finite.
    for kind, size, scales in [
        (Q.Q2_K, 84, [80, 82]), (Q.Q3_K, 110, [108]), (Q.Q4_K, 144, [0, 2]), (Q.Q5_K, 176, [0, 2]),
    ]:  # fmt: skip
        blocks = random.integers(0, 256, (5, size), dtype=np.uint8)
        for at in scales:
            blocks[:, at : at + 2] = random.standard_normal((5, 1)).astype(np.float16).view(np.uint8)
        writer.add_tensor(kind.name, blocks, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.values", dequantize(blocks, kind))
    # Nor does it read this one, which is nothing but a float32 scale and int8 quotients.
    blocks = random.integers(0, 256, (5, 292), dtype=np.uint8)
    blocks[:, :4] = random.standard_normal((5, 1)).astype(np.float32).view(np.uint8)
    writer.add_tensor("Q8_K", blocks, raw_dtype=Q.Q8_K)
    quotients = blocks[:, 4:260].copy().view(np.int8).astype(np.float32)
    writer.add_tensor("Q8_K.values", blocks[:, :4].copy().view(np.float32) * quotients)
    finish(writer)


def byte_level() -> None:
    """The tokenizer of qwen_tokenizer/, without a network."""
    record = json.loads((HERE / "qwen_tokenizer" / "tokenizer.json").read_text())
    special = {token["content"]: token["id"] for token in record["added_tokens"]}
    texts = sorted({**record["model"]["vocab"], **special}.items(), key=lambda item: item[1])
    writer = gguf.GGUFWriter(HERE / "gguf" / "tokenizer.gguf", "qwen2")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([text for text, _ in texts])
    writer.add_token_types([3 if text in special else 1 for text, _ in texts])
    writer.add_token_merges([" ".join(merge) for merge in record["model"]["merges"]])
    writer.add_bos_token_id(special["<|endoftext|>"])
    writer.add_eos_token_id(special["<|im_end|>"])
    finish(writer)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


META = {
    "self_attn.q_proj": ("attention.wq", 0), "self_attn.k_proj": ("attention.wk", 0),
    "self_attn.v_proj": ("attention.wv", 0), "self_attn.o_proj": ("attention.wo", 1),
    "mlp.gate_proj": ("feed_forward.w1", 0), "mlp.up_proj": ("feed_forward.w3", 0),
    "mlp.down_proj": ("feed_forward.w2", 1), "input_layernorm": ("attention_norm", None),
    "post_attention_layernorm": ("ffn_norm", None), "norm": ("norm", None), "lm_head": ("output", 0),
}  # fmt: skip


def meta(folder: str, shards: int, embedding_axis: int) -> None:
    """`plain` as Meta's checkpoints are, each file with a slice of every matrix."""
    out = HERE / folder
    out.mkdir(exist_ok=True)
    config = json.loads((HERE / "plain" / "config.json").read_text())
    files: list[dict[str, torch.Tensor]] = [{} for _ in range(shards)]
    for key, weight in load_file(HERE / "plain" / "model.safetensors").items():
        parts = key.removeprefix("model.").removesuffix(".weight").split(".")
        prefix = ".".join(parts[:2]) + "." if parts[0] == "layers" else ""
        module = ".".join(parts[2:]) if prefix else parts[0]
        name, axis = ("tok_embeddings", embedding_axis) if module == "embed_tokens" else META[module]
        if module in ("self_attn.q_proj", "self_attn.k_proj"):
            weight = pairs(weight, config["num_attention_heads"])
        slices = [weight] * shards if axis is None else torch.tensor_split(weight, shards, axis)
        for file, part in zip(files, slices):
            file[f"{prefix}{name}.weight"] = part.half().clone()
    for i, file in enumerate(files):
        file["rope.freqs"] = 1.0 / 10000 ** (torch.arange(0, 8, 2).float() / 8)
        torch.save(file, out / f"consolidated.{i:02}.pth")
    params = {
        "dim": 32, "multiple_of": 4, "ffn_dim_multiplier": 0.5, "n_heads": 4, "n_layers": 2, "norm_eps": 1e-05,
        "vocab_size": -1, "max_seq_len": 64,
    }  # fmt: skip
    (out / "params.json").write_text(json.dumps(params) + "\n")


def main() -> None:
    (HERE / "gguf").mkdir(exist_ok=True)
    for name in ["grouped", "qwen2", "qwen3"]:
        network(name)
    quantised()
    byte_level()
    meta("meta", 2, 1)
    meta("meta_rows", 3, 0)


if __name__ == "__main__":
    main()
