"""What transformers makes of a checkpoint: every piece against the weights that it loads."""

import numpy as np
import pytest

from rankscope.weights.layouts import library
from rankscope.weights.layouts.layout import is_plain
from rankscope.weights.layouts.library import library_layouts
from rankscope.weights.matrices import open_model

torch = pytest.importorskip("torch")


FAMILIES = pytest.importorskip("adapted_families").FAMILIES


def write(name, folder):
    torch.manual_seed(0)
    made = FAMILIES[name].make()
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn_like(weight))
    made.save_pretrained(folder)
    return type(made).from_pretrained(folder, dtype=torch.float32)


def chosen(ranges, size):
    return np.arange(size) if ranges is None else np.concatenate([np.asarray(r) for r in ranges])


@pytest.mark.parametrize("name", FAMILIES)
def test_pieces_are_the_weights_in_memory(name, tmp_path):
    loaded = write(name, tmp_path)
    model = open_model(tmp_path)
    if is_plain(model.config):  # as the library has it, too
        (layout,) = library_layouts(tmp_path, model.tensors, [type(loaded).__name__])
    else:
        layout = model.layout
    memory = {key: weight.detach().numpy() for key, weight in loaded.state_dict().items()}
    seen = set()
    for matrix in model.describe(piece for piece in model.layout.pieces if piece.is_whole):
        assert matrix.piece.tensor in model.tensors
    for piece in layout.pieces:
        parameter = layout.parameters[piece.parameter]
        if piece.parameter not in memory:
            continue
        weight = memory[piece.parameter]
        weight = weight if piece.slot is None else weight[piece.slot]
        weight = weight.T if parameter.is_flipped else weight
        stored = model.tensors[piece.tensor]
        stored = (stored if piece.expert is None else stored.at(piece.expert)).read()
        stored = stored.T if piece.flipped else stored
        ours = stored[np.ix_(*map(chosen, (piece.rows, piece.columns), stored.shape))]
        theirs = weight[
            np.ix_(*map(chosen, (piece.memory_rows, piece.memory_columns), weight.shape))
        ]
        np.testing.assert_array_equal(ours, theirs)
        assert ours.shape == piece.shape
        seen.add(piece.parameter)
    linear = {
        f"{key}.weight" for key, module in loaded.named_modules()
        if isinstance(module, torch.nn.Linear)
    }  # fmt: skip
    ties = set(layout.ties)
    assert linear - ties <= seen
    stacks = {key for key, weight in memory.items() if weight.ndim == 3 and "experts" in key}
    assert stacks <= seen


def test_without_transformers_it_is_said_what_cannot_be_told(tmp_path, monkeypatch, caplog):
    write("qwen3-moe", tmp_path)
    monkeypatch.setattr(library, "is_installed", lambda: False)
    model = open_model(tmp_path)
    assert "transformers, which knows how a qwen3_moe model is held in memory" in caplog.text
    assert len(model.matrices) == 2 * (4 + 1 + 4 * 3)  # attention, router, experts as in the file
