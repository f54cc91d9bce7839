"""4-bit bases: stored as bitsandbytes does, computed with as stored, or refused."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from rankscope.errors import ModelError
from rankscope.records.bases import LocalBase
from rankscope.records.runs import QuantisedBase
from rankscope.weights import four_bit
from rankscope.weights.four_bit import dequantised, linears, quantise, ready_for_training
from rankscope.weights.heads import load, own_head
from rankscope.weights.matrices import open_model

pytestmark = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="needs the extra `quantised`"
)
SIZES = {"vocab_size": 40, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1,
         "num_attention_heads": 2}  # fmt: skip


def quantised_base(base: Path, folder: Path) -> Path:
    of = LocalBase.model_validate({"source": "local", "path": str(base)})
    quantise(QuantisedBase(of=of, quantisation="nf4"), base, folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny Llama whose rows are whole blocks of 64, and the same in 4 bits."""
    folder = tmp_path_factory.mktemp("four-bit")
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).save_pretrained(
        folder / "base"
    )
    (folder / "base" / "tokenizer_config.json").write_text("{}")
    return folder / "base", quantised_base(folder / "base", folder / "nf4")


def test_stored_weights_are_near_the_base_s_and_the_rest_is_the_base_s(folders):
    base, stored = (open_model(folder) for folder in folders)
    for matrix in stored.matrices:
        original = base.read(next(m for m in base.matrices if m.name == matrix.name))
        found = stored.read(matrix)
        assert stored.precision(matrix) == "dequantised"
        assert not np.array_equal(found, original)
        # the widest step between two codes of NF4 is 0.31 of the largest weight of a block
        blocks = np.abs(original.reshape(-1, 64)).max(axis=1)
        distance = np.abs(found - original).reshape(-1, 64).max(axis=1)
        assert (distance <= 0.16 * blocks + 1e-3).all()
    for name in ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"):
        np.testing.assert_array_equal(stored.read_whole(name), base.read_whole(name))
    assert (folders[1] / "tokenizer_config.json").is_file()


def test_dequantised_is_what_is_stored(folders):
    model = load(folders[1], own_head(folders[1]), device_map={"": "cpu"})
    names = sorted(linears(model))
    assert len(names) == 7
    plain = dequantised(model, folders[1])
    stored = open_model(folders[1])
    for name in names:
        np.testing.assert_allclose(
            plain.get_submodule(name).weight.detach().numpy(),
            stored.read_whole(f"{name}.weight"), atol=1e-6,
        )  # fmt: skip


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_computes_in_the_precision_of_its_recipe(folders, precision):
    model = load(folders[1], own_head(folders[1]), device_map={"": "cpu"})
    ready_for_training(model, folders[1], precision)
    assert {layer.compute_dtype for layer in linears(model).values()} == {getattr(torch, precision)}


def test_weights_that_a_kernel_gets_wrong_are_refused(folders, monkeypatch):
    import bitsandbytes.functional

    model = load(folders[1], own_head(folders[1]), device_map={"": "cpu"})
    right = bitsandbytes.functional.dequantize_4bit
    monkeypatch.setattr(
        bitsandbytes.functional, "dequantize_4bit", lambda *given: right(*given).flip(0)
    )
    with pytest.raises(ModelError, match="computes with other weights than are stored"):
        ready_for_training(model, folders[1], "float32")


def test_a_model_without_linear_layers_is_refused(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(four_bit, "linears", lambda model: {})
    with pytest.raises(ModelError, match="finds no linear layer to quantise"):
        quantised_base(folders[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()
