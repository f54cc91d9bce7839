"""Quantised weights whose parts do not fit are refused; whatever type packs them is read."""

import json

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.matrices import open_model

NAME = "model.layers.0.self_attn.q_proj.weight"
STATE = f"{NAME}.quant_state.bitsandbytes__nf4"


def packed(double=False, storage="uint8"):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes").functional
    weight = torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
    stored, state = functional.quantize_4bit(
        weight, quant_type="nf4", compress_statistics=double, quant_storage=getattr(torch, storage)
    )
    tensors = {NAME: stored.view(torch.uint8).numpy() if storage == "uint8" else stored}
    for key, value in state.as_dict(packed=True).items():
        tensors[f"{NAME}.{key}"] = value.numpy()
    return tensors, functional.dequantize_4bit(stored, state).float().numpy()


def changed(tensors, **change):
    said = json.loads(bytes(tensors[STATE])) | change
    return tensors | {STATE: np.frombuffer(json.dumps(said).encode(), np.uint8)}


def read(folder):
    model = open_model(folder)
    return [model.read(matrix) for matrix in model.matrices]


@pytest.mark.parametrize("storage", ["uint8", "float32", "bfloat16"])
def test_weights_packed_in_any_type_are_read(write_model, storage):
    from safetensors.torch import save_file

    torch = pytest.importorskip("torch")
    tensors, expected = packed(storage=storage)
    folder = write_model({"other": np.ones(1)})
    save_file(
        {name: torch.as_tensor(value) for name, value in tensors.items()},
        folder / "model.safetensors",
    )
    (weight,) = read(folder)
    np.testing.assert_allclose(weight, expected, atol=1e-6)


@pytest.mark.parametrize(
    "broken",
    [
        lambda tensors: changed(tensors, shape=[32, 65]),
        lambda tensors: changed(tensors, shape=[2048]),
        lambda tensors: changed(tensors, shape=[-32, -64]),
        lambda tensors: changed(tensors, shape="a"),
        lambda tensors: changed(tensors, shape=None),
        lambda tensors: changed(tensors, shape=[0, 0]),
        lambda tensors: changed(tensors, blocksize=0),
        lambda tensors: changed(tensors, blocksize=32),
        lambda tensors: changed(tensors, blocksize="many"),
        lambda tensors: tensors | {STATE: np.frombuffer(b"[]", np.uint8)},
        lambda tensors: tensors | {STATE: np.frombuffer(b"\xff", np.uint8)},
        lambda tensors: {name: value for name, value in tensors.items() if name != STATE},
        lambda tensors: tensors | {f"{NAME}.quant_map": np.ones(3, np.float32)},
        lambda tensors: tensors | {f"{NAME}.absmax": np.ones(3, np.float32)},
        lambda tensors: tensors | {NAME: tensors[NAME][:-1]},
    ],
)
@pytest.mark.parametrize("double", [False, True])
def test_parts_that_do_not_fit_are_refused_with_the_file(write_model, broken, double):
    tensors, _ = packed(double)
    with pytest.raises(ModelError, match=r"model\.safetensors: .*q_proj"):
        read(write_model(broken(tensors)))


@pytest.mark.parametrize(
    "broken",
    [
        lambda tensors: changed(tensors, nested_blocksize=None),
        lambda tensors: changed(tensors, nested_blocksize=-1),
        lambda tensors: changed(tensors, nested_offset="a"),
        lambda tensors: tensors | {f"{NAME}.nested_absmax": np.ones(7, np.float32)},
        lambda tensors: tensors | {f"{NAME}.nested_quant_map": np.ones(7, np.float32)},
    ],
)
def test_scales_quantised_too_that_do_not_fit_are_refused(write_model, broken):
    tensors, _ = packed(double=True)
    with pytest.raises(ModelError, match=r"model\.safetensors: .*q_proj"):
        read(write_model(broken(tensors)))


def test_eight_bit_weights_need_a_scale_for_each_row(write_model):
    tensors = {
        NAME: np.ones((4, 3), np.int8),
        NAME.replace("weight", "SCB"): np.ones(3, np.float32),
    }
    with pytest.raises(ModelError, match="4 rows and 3 scales"):
        read(write_model(tensors))


@pytest.mark.parametrize("double", [False, True])
def test_four_bit_weights_are_dequantised_as_bitsandbytes_does(write_model, double):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes").functional
    weight = torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
    packed, state = functional.quantize_4bit(weight, quant_type="nf4", compress_statistics=double)
    name = "model.layers.0.self_attn.q_proj.weight"
    tensors = {name: packed.numpy()}
    tensors |= {f"{name}.{key}": value.numpy() for key, value in state.as_dict(packed=True).items()}
    model = open_model(write_model(tensors))
    (matrix,) = model.matrices
    expected = functional.dequantize_4bit(packed, state).float().numpy()
    np.testing.assert_allclose(model.read(matrix), expected, atol=1e-6)
    assert model.precision(matrix) == "dequantised"
