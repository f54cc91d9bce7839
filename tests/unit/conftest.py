"""Small models: written by hand, so that reading them needs no transformers, or a tiny Llama."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from tiny_llama import save_adapter, save_base


@pytest.fixture
def write_model(tmp_path):
    """Return a function that writes a checkpoint and gives its folder."""

    def write(tensors, config=None, name="base"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config or {"model_type": "llama"}))
        save_file(
            {key: np.ascontiguousarray(value) for key, value in tensors.items()},
            folder / "model.safetensors",
        )
        return folder

    return write


@pytest.fixture
def write_adapter(tmp_path):
    """Return a function that writes a peft adapter and gives its folder."""

    def write(tensors, name="adapter", **config):
        folder = tmp_path / name
        folder.mkdir()
        defaults = {"peft_type": "LORA", "r": 4, "lora_alpha": 8}
        (folder / "adapter_config.json").write_text(json.dumps(defaults | config))
        save_file(
            {f"base_model.model.{key}": np.ascontiguousarray(v) for key, v in tensors.items()},
            folder / "adapter_model.safetensors",
        )
        return folder

    return write


@pytest.fixture
def llama():
    """Tensors of a two-layer model with a square, a wide and a tall matrix per layer."""
    rng = np.random.default_rng(0)
    tensors = {
        "model.embed_tokens.weight": rng.standard_normal((30, 16)),
        "model.norm.weight": np.ones(16),
    }
    for layer in range(2):
        prefix = f"model.layers.{layer}"
        tensors |= {
            f"{prefix}.self_attn.q_proj.weight": rng.standard_normal((16, 16)),
            f"{prefix}.mlp.up_proj.weight": rng.standard_normal((40, 16)),
            f"{prefix}.mlp.down_proj.weight": rng.standard_normal((16, 40)),
            f"{prefix}.input_layernorm.weight": np.ones(16),
        }
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


@pytest.fixture
def peft_adapter(tmp_path):
    """Return a function that writes a tiny Llama and a peft adapter on it, all trained to noise.

    It gives the two folders and the wrapped model. The base ties its head to its embeddings.
    """
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")
    from transformers import LlamaConfig, LlamaForCausalLM

    def make(**config):
        torch.manual_seed(0)
        sizes = {"vocab_size": 60, "hidden_size": 16, "intermediate_size": 24}
        llama = LlamaConfig(
            num_hidden_layers=2, num_attention_heads=2, attention_bias=True,
            tie_word_embeddings=True, **sizes,
        )  # fmt: skip
        LlamaForCausalLM(llama).save_pretrained(tmp_path / "base")
        base = LlamaForCausalLM.from_pretrained(tmp_path / "base")
        settings = {"r": 3, "lora_alpha": 4, "target_modules": ["q_proj"]} | config
        model = peft.get_peft_model(base, peft.LoraConfig(**settings)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.3 * torch.randn_like(parameter))
        model.save_pretrained(tmp_path / "adapter")
        return tmp_path / "base", tmp_path / "adapter", model

    return make


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Folder of a random Llama with a byte-level tokenizer; context of 64 tokens."""
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def adapter(base, tmp_path_factory):
    """Folder of a random rank-2 adapter on `base`."""
    return save_adapter(base, tmp_path_factory.mktemp("adapter"), seed=1)
