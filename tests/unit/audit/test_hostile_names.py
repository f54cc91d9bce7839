"""A checkpoint whose tensors are called like paths: its cache stays inside its folder."""

from pathlib import Path

import numpy as np
import pytest

from rankscope.audit.inspection import Settings, inspect_versions
from rankscope.spectra.stage import decompose_base
from rankscope.weights.matrices import open_model
from rankscope.weights.sources import Source

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


@pytest.fixture
def base(write_model, tmp_path):
    random = np.random.default_rng(0)
    return write_model({
        name: random.standard_normal((12, 8)).astype(np.float32) for name in hostile(tmp_path)
    })  # fmt: skip


def outside(root: Path, *inside: Path) -> set[Path]:
    return {path for path in root.rglob("*") if not any(path.is_relative_to(at) for at in inside)}


def test_decomposing_a_base_writes_only_where_it_should(base, tmp_path):
    (tmp_path / UNIQUE).mkdir()
    victim = tmp_path / UNIQUE / "model.safetensors"
    victim.write_text("not to be touched")
    before = outside(tmp_path)
    out, resume = tmp_path / "spectra", tmp_path / "resume"
    decompose_base(base, out, resume, "base")
    assert outside(tmp_path, out) == before
    assert victim.read_text() == "not to be touched"
    assert len(list(out.glob("*.safetensors"))) == len(hostile(tmp_path))


def test_an_inspection_with_a_cache_writes_only_where_it_should(base, tmp_path):
    (tmp_path / UNIQUE).mkdir()
    before = outside(tmp_path)
    settings = Settings(k=2, workers=1, cache=tmp_path / "cache")
    tables = inspect_versions(base, [Source("same", base)], settings)
    assert outside(tmp_path, tmp_path / "cache") == before
    assert len(list((tmp_path / "cache").iterdir())) == len(hostile(tmp_path))
    # each was read back under its own name
    assert sorted(tables.matrices["matrix"]) == sorted(
        matrix.name for matrix in open_model(base).matrices
    )
