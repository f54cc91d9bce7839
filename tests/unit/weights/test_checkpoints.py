"""Full checkpoints: what corresponds to the base is compared, all else is refused or named."""

import time

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model

CONFIG = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 16}


def with_layers(llama, count):
    """Give the model `count` layers: copies of the last one behind the others."""
    return llama | {
        name.replace("layers.1.", f"layers.{layer}."): tensor
        for layer in range(2, count)
        for name, tensor in llama.items()
        if "layers.1." in name
    }


@pytest.mark.parametrize("stated", [True, False])
def test_other_numbers_of_layers_are_refused(write_model, llama, stated):
    """Whether the configurations say so, or only the weights do."""
    config = CONFIG if stated else {"model_type": "llama"}
    base = open_model(write_model(llama, config))
    more = config | ({"num_hidden_layers": 3} if stated else {})
    folder = write_model(with_layers(llama, 3), more, "more")
    with pytest.raises(ModelError, match=r"has 3 layers.* 2: which of them correspond"):
        open_tuned(folder, base)
    with pytest.raises(ModelError, match=r"has 2 layers.* 3: which of them correspond"):
        open_tuned(base.folder, open_model(folder))


def test_layers_that_neither_configuration_counts_are_left_out_by_name(write_model, llama):
    """Multi-token prediction: behind the layers of the model, and dropped when it is loaded."""
    base = open_model(write_model(with_layers(llama, 3), CONFIG))
    tuned = open_tuned(write_model(llama, CONFIG, "tuned"), base)
    assert {matrix.layer for matrix in tuned.matrices} == {0, 1}
    left_out = {each.name: each for each in tuned.left_out}
    extra = [name for name in left_out if "layers.2" in name]
    assert len(extra) == 3
    assert all("only in the base" in left_out[name].reason for name in extra)


@pytest.mark.parametrize("wrapper", ["_orig_mod", "_fsdp_wrapped_module"])
@pytest.mark.parametrize("place", ["", "model.layers.1."])
def test_names_that_wrappers_of_torch_put_in_do_not_count(write_model, llama, wrapper, place):
    base = open_model(write_model(llama, CONFIG))
    tensors = {
        name.replace(place, f"{place}{wrapper}.", 1) if place in name else name: 2 * tensor
        for name, tensor in llama.items()
    }
    tuned = open_tuned(write_model(tensors, CONFIG, "wrapped"), base)
    assert {matrix.name for matrix in tuned.matrices} == {m.name for m in base.matrices}
    for matrix in tuned.matrices:
        weight = base.read(matrix)
        np.testing.assert_array_equal(tuned.update(matrix, weight).dense(), weight)


def test_a_name_with_and_without_its_wrapper_is_refused(write_model, llama):
    twice = llama | {f"_orig_mod.{name}": tensor + 1 for name, tensor in llama.items()}
    with pytest.raises(ModelError, match=r"holds 'model\.embed_tokens\.weight' twice"):
        open_model(write_model(twice, CONFIG))


@pytest.mark.parametrize("part", ["base_layer", "modules_to_save.default", "original_module"])
def test_a_model_around_which_an_adapter_still_lies_is_refused(write_model, llama, part):
    base = open_model(write_model(llama, CONFIG))
    wrapped = {name.replace("q_proj", f"q_proj.{part}"): each for name, each in llama.items()}
    with pytest.raises(ModelError, match=rf"adapter that is not merged .*q_proj\.{part}"):
        open_tuned(write_model(wrapped, CONFIG, "wrapped"), base)


@pytest.mark.parametrize("number", ["²", "١", "9" * 5000, "-1"])
def test_what_is_no_number_of_a_layer_is_named(write_model, llama, number):
    base = open_model(write_model(llama, CONFIG))
    odd = f"model.layers.{number}.mlp.weight"
    tuned = open_tuned(write_model(llama | {odd: np.eye(4)}, CONFIG, "odd"), base)
    assert {matrix.name for matrix in tuned.matrices} == {m.name for m in base.matrices}
    assert odd in {each.name for each in tuned.left_out}


def test_weights_in_eight_bits_without_a_scheme_are_refused_for_that(tmp_path, write_model, llama):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    folder = write_model(llama, CONFIG)
    eight = {name: torch.tensor(each).to(torch.float8_e4m3fn) for name, each in llama.items()}
    save_file(eight, folder / "model.safetensors")
    with pytest.raises(ModelError, match="is stored as F8_E4M3"):
        open_model(folder)


def test_many_names_under_another_prefix_are_paired_in_no_time(write_model):
    weight = np.ones((1, 1), np.float32)
    names = [f"model.layers.{i}.experts.{e}.up.weight" for i in range(40) for e in range(100)]
    base = open_model(write_model(dict.fromkeys(names, weight)))
    prefixed = {f"language_model.{name}": weight for name in names}
    folder = write_model(prefixed, name="tuned")
    started = time.process_time()
    tuned = open_tuned(folder, base)
    assert len(tuned.matrices) == len(names)
    assert tuned.own[tuned.matrices[7].name].tensor == f"language_model.{tuned.matrices[7].tensor}"
    assert time.process_time() - started < 4  # comparing each with each takes ten times that


def test_other_sizes_are_refused(write_model, llama):
    base = open_model(write_model(llama, CONFIG))
    with pytest.raises(ModelError, match=r"hidden_size is 32, in the base .* 16: another base"):
        open_tuned(write_model(llama, CONFIG | {"hidden_size": 32}, "wide"), base)
    name = "model.layers.1.mlp.up_proj.weight"
    cut = llama | {name: llama[name][:20]}
    with pytest.raises(ModelError, match=r"up_proj is 20 × 16, in the base .* 40 × 16"):
        open_tuned(write_model(cut, CONFIG, "cut"), base)
    with pytest.raises(ModelError, match="none of its other matrices"):
        open_tuned(write_model({"a.0.b.weight": np.ones((3, 3))}, name="foreign"), base)


def test_everything_that_is_not_compared_is_named_with_whether_it_changed(write_model, llama):
    extra = {"model.layers.0.conv.weight": np.ones((4, 1, 3)), "score.weight": np.ones((3, 16))}
    base = open_model(write_model(llama | {"model.layers.0.conv.weight": np.ones((4, 1, 3))}))
    changed = llama | extra | {"model.norm.weight": np.full(16, 2.0)}
    tuned = open_tuned(write_model(changed, name="tuned"), base)
    told = {each.name: (each.kind, each.changed) for each in tuned.left_out}
    assert told == {
        "model.embed_tokens.weight": ("embeddings", False),
        "model.norm.weight": ("norms", True),
        "model.layers.0.input_layernorm.weight": ("norms", False),
        "model.layers.1.input_layernorm.weight": ("norms", False),
        "model.layers.0.conv.weight": ("convolutions", False),
        "score.weight": ("heads", None),
    }
    missing = {name: t for name, t in llama.items() if name != "model.layers.1.mlp.up_proj.weight"}
    tuned = open_tuned(write_model(missing, name="missing"), base)
    assert len(tuned.matrices) == len(base.matrices) - 1
    assert any(each.name == "model.layers.1.mlp.up_proj" for each in tuned.left_out)


def test_every_tensor_is_a_matrix_or_named(write_model, llama):
    base = open_model(write_model(llama))
    for config in ({"model_type": "llama"}, {"model_type": "gpt_oss"}):
        stacked = llama | {"model.layers.0.mlp.experts.down_proj": np.ones((2, 8, 16))}
        folder = write_model(stacked, config, f"tuned-{config['model_type']}")
        tuned = open_tuned(folder, base)
        analysed = {own.tensor for own in tuned.own.values()}
        assert analysed | {each.name for each in tuned.left_out} == stacked.keys()
