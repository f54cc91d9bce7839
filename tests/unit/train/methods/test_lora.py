"""LoRA on a model: how it starts, and ranks that limit nothing."""

from pathlib import Path

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.records.heads import CausalLM
from rankscope.records.methods import Lora
from rankscope.train.model import trainable_model
from tiny_llama import save_base


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A family whose layers are no `torch.nn.Linear`: what a study check cannot foresee."""
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("gpt2")
    GPT2LMHeadModel(GPT2Config(vocab_size=320, n_embd=32, n_layer=1, n_head=4)).save_pretrained(
        folder
    )
    return folder


def lora(rank: int, **changes: object) -> Lora:
    return Lora(rank=rank, alpha=2.0 * rank, **changes)


def test_a_rank_that_limits_nothing_needs_its_word(gpt2: Path) -> None:
    with pytest.raises(
        ModelError,
        match=r"rank 33 .*transformer\.h\.0\.attn\.c_attn \(96 × 32\).*at most 32"
        r".*`allow_rank_above_dimension: true`",
    ):
        trainable_model(gpt2, lora(33), "float32", CausalLM())
    trainable_model(gpt2, lora(32), "float32", CausalLM())
    trainable_model(gpt2, lora(33, allow_rank_above_dimension=True), "float32", CausalLM())


def test_the_smallest_adapted_matrix_decides(llama: Path) -> None:
    # keys and values have 16 rows, two heads of 8; queries and outputs have 32
    with pytest.raises(ModelError, match=r"k_proj \(16 × 32\).*at most 16"):
        trainable_model(llama, lora(17), "float32", CausalLM())
    trainable_model(llama, lora(17, target_modules=("q_proj", "o_proj")), "float32", CausalLM())


def test_lora_starts_at_the_base_with_a_uniform(llama: Path) -> None:
    torch.manual_seed(0)
    model = trainable_model(llama, lora(16), "float32", CausalLM())
    weights = dict(model.named_parameters())
    for name, b in weights.items():
        if "lora_B" in name:
            assert not b.any()
            a = weights[name.replace("lora_B", "lora_A")]
            bound = a.shape[1] ** -0.5
            assert 0.9 * bound < a.abs().max() <= bound
            assert a.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
