"""A decomposition on disk: where it lies, what it takes, and that it belongs to its weight."""

from pathlib import Path

import numpy as np
import pytest

from rankscope.errors import ArtefactError
from rankscope.spectra import cache
from rankscope.spectra.engine.parts.decomposition import decompose, orient


@pytest.mark.parametrize("precision", ["f64", "f32"])
@pytest.mark.parametrize("shape", [(130, 150), (150, 130), (130, 130)])
def test_a_cache_knows_its_weight_from_every_other(tmp_path, shape, precision):
    """Two rows, two columns or two entries exchanged anywhere, or one entry changed by little."""
    rng = np.random.default_rng(1)
    full = rng.standard_normal(shape)
    deficient = rng.standard_normal((shape[0], 20)) @ rng.standard_normal((20, shape[1]))
    for weight in (full, deficient, np.zeros(shape)):
        path = tmp_path / "m.safetensors"
        cache.save(path, decompose(orient(weight)), weight, precision)
        for same in (weight, np.asfortranarray(weight)):
            cache.load(path, same)
        others = [weight.copy() for _ in range(4)]
        if weight.any():
            (a, b), (c, d) = (rng.choice(size, 2, replace=False) for size in shape)
            others[0][[a, b]] = weight[[b, a]]
            others[1][:, [c, d]] = weight[:, [d, c]]
            others[2][a, c], others[2][b, d] = weight[b, d], weight[a, c]
        else:
            others = others[-1:]
        others[-1][rng.integers(shape[0]), rng.integers(shape[1])] += 1e-8
        for other in [*others, weight[:-1], rng.permutation(full.reshape(-1)).reshape(shape)]:
            with pytest.raises(ArtefactError, match="belongs to another weight"):
                cache.load(path, np.ascontiguousarray(other))


def test_what_a_cache_will_take_is_known(tmp_path):
    for shape in ((130, 300), (300, 130), (40, 40)):
        weight = np.random.default_rng(1).standard_normal(shape)
        for precision in ("f64", "f32"):
            path = tmp_path / "m.safetensors"
            cache.save(path, decompose(orient(weight)), weight, precision)
            size = path.stat().st_size
            assert size - 1000 < cache.stored_bytes(shape, precision) < size


UNIQUE = "victim"


def hostile(folder: Path) -> tuple[str, ...]:
    """Names of tensors inside a numbered layer, as a header may spell them."""
    return (
        f"{folder}/.0./../{UNIQUE}/model.weight",
        f"a.0./../../{UNIQUE}/model.weight",
        f"..\\a.0.\\{UNIQUE}.weight",
        f"a.0.{'b' * 5000}.weight",
        "a.0.Model.weight",
        "a.0.model.weight",
        "a.0.name with spaces .weight",
    )


@pytest.mark.parametrize("name", range(7))
def test_a_cache_file_lies_in_its_folder(tmp_path, name):
    path = cache.cache_file(tmp_path, hostile(tmp_path)[name].removesuffix(".weight"))
    assert path.parent == tmp_path
    assert path.resolve().parent == tmp_path.resolve()
