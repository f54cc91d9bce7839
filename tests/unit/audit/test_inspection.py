"""Inspecting versions of a base: against full decompositions, with and without cache or workers."""

import numpy as np
import polars as pl
import pytest

from rankscope.artefacts.files import write_json
from rankscope.audit.inspection import (
    Settings,
    inspect_and_write,
    inspect_versions,
    matrix_rows,
    similarity_rows,
    vector_rows,
)
from rankscope.errors import ModelError
from rankscope.weights.sources import Source

SETTINGS = Settings(k=4, epsilon=0.6, similarity_size=6, workers=1)


@pytest.fixture
def versions(write_model, llama):
    """A base and a version of it with one strong direction added to every matrix."""
    rng = np.random.default_rng(1)
    tuned = {
        name: tensor + 12 * np.outer(*(v / np.linalg.norm(v) for v in map(
            rng.standard_normal, tensor.shape))).astype(np.float32)
        if "proj" in name else tensor
        for name, tensor in llama.items()
    }  # fmt: skip
    return write_model(llama), write_model(tuned, name="tuned"), llama, tuned


def test_rows_are_those_of_full_decompositions(versions):
    base, folder, before, after = versions
    tables = inspect_versions(base, [Source("one", folder)], SETTINGS)
    matrices = matrix_rows(tables, SETTINGS)
    vectors = vector_rows(tables, SETTINGS.k)
    assert matrices.height == 6
    assert vectors["j"].max() == 4, "the maps needed six vectors, and four were asked for"
    assert similarity_rows(tables)["j"].max() == 6
    for row in matrices.iter_rows(named=True):
        name = f"{row['matrix']}.weight"
        u0, _, v0 = np.linalg.svd(before[name].astype(float), full_matrices=False)
        u, _, v = np.linalg.svd(after[name].astype(float), full_matrices=False)
        left, right = (np.abs(u0.T @ u).max(axis=0)[:4], np.abs(v0 @ v.T).max(axis=0)[:4])
        assert row["intruders_left"] == (left < 0.6).sum()
        assert row["intruders_right"] == (right < 0.6).sum()
        assert row["effective_rank"] == pytest.approx(1, abs=1e-3)
        assert row["changed"]
        assert row["undecided"] == row["intervals"] == 0


def test_versions_beside_each_other_change_nothing_of_each(versions):
    base, folder, *_ = versions
    alone = vector_rows(inspect_versions(base, [Source("one", folder)], SETTINGS), 4)
    both = inspect_versions(base, [Source("one", folder), Source("same", base)], SETTINGS)
    assert vector_rows(both, 4).filter(adapter="one").equals(alone)
    unchanged = matrix_rows(both, SETTINGS).filter(adapter="same")
    assert not unchanged["changed"].any()
    assert unchanged["intruders_left"].sum() == 0


def test_a_cache_is_filled_and_read(versions, tmp_path):
    base, folder, *_ = versions
    source = [Source("one", folder)]
    plain = vector_rows(inspect_versions(base, source, SETTINGS), 4)
    cached = Settings(k=4, epsilon=0.6, similarity_size=6, workers=1, cache=tmp_path / "cache")
    first = vector_rows(inspect_versions(base, source, cached), 4)
    files = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert len(files) == 6
    second = vector_rows(inspect_versions(base, source, cached), 4)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()} == files
    for found in (first, second):
        np.testing.assert_allclose(found["max_cosine"], plain["max_cosine"], atol=1e-10)


def test_a_version_that_diverged_is_named_with_its_matrix(versions, write_model):
    base, _, before, _ = versions
    name = "model.layers.1.mlp.up_proj"
    broken = before | {f"{name}.weight": np.full((40, 16), np.nan, np.float32)}
    folder = write_model(broken, name="broken")
    with pytest.raises(ModelError, match=rf"mine: {name} holds NaN or infinity: the training"):
        inspect_versions(base, [Source("mine", folder)], SETTINGS)


def test_a_version_of_another_base_is_refused_before_any_work(versions, write_model, tmp_path):
    base, folder, before, _ = versions
    other = write_model({n: t[:8] for n, t in before.items()}, name="other")
    settings = Settings(workers=1, cache=tmp_path / "cache")
    with pytest.raises(ModelError):
        inspect_versions(base, [Source("one", folder), Source("other", other)], settings)
    assert not (tmp_path / "cache").exists()


def test_tables_and_page_are_written_together(versions, tmp_path):
    base, folder, *_ = versions
    matrices, left_out = inspect_and_write(base, [Source("one", folder)], SETTINGS, tmp_path / "o")
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "index.html", "left_out.parquet", "matrices.parquet", "similarity.parquet",
        "vectors.parquet",
    ]  # fmt: skip
    assert pl.read_parquet(tmp_path / "o" / "matrices.parquet").equals(matrices)
    assert pl.read_parquet(tmp_path / "o" / "left_out.parquet").equals(left_out)
    assert set(left_out["kind"]) <= {"norms", "embeddings"}


def test_without_a_folder_nothing_is_written(versions, tmp_path, monkeypatch):
    base, folder, *_ = versions
    write_json(tmp_path / "marker.json", {})
    before = set(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    inspect_and_write(base, [Source("one", folder)], SETTINGS, None)
    assert set(tmp_path.rglob("*")) == before
