"""Checks of the runs: ranks, target modules, lengths, batches, libraries."""

from pathlib import Path

import pytest

from rankscope.check.cli import check
from refused_study import message
from sealing import seal
from study_text import STUDY, edited

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_a_rank_above_a_dimension_is_accepted_with_a_word() -> None:
    block = "rank: [1, 256], allow_rank_above_dimension: true"
    Path("mine.yaml").write_text(edited(("rank: [1, 4, 16]", block)), encoding="utf-8")
    check([Path("mine.yaml")])


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("alpha: 2r", "alpha: 2r, quantisation: nf4", "mine.yaml:32: grid[1].quantisation: "),
        ("schedule: linear", "optimizer: adamw-8bit", "mine.yaml:27: recipe.optimizer: "),
    ],
)
def test_a_library_that_is_not_installed_is_told_before_any_job(
    old: str, new: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rankscope.train.machine.find_spec", lambda name: None)
    found = message(edited((old, new)))
    assert found.startswith(where)
    assert "pip install 'rankscope[quantised]'" in found
    assert len(found.splitlines()) == 1
    # what does not ask for it does not need it
    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    check([Path("mine.yaml")])


def test_a_batch_above_the_packed_sequences() -> None:
    import polars as pl

    from rankscope.artefacts import layout
    from rankscope.studies.expand import load_study

    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study("mine.yaml")
    packed = Path(layout.packed(study.runs[0].packed.name))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"sequence": range(9)}).write_parquet(packed)
    seal()
    found = message(STUDY)
    assert "recipe.batch_size: a batch of 16 sequences of 256 tokens" in found
    assert '"code" fills 9 sequences; allowed: at most 9' in found


def test_an_empty_file_has_no_batch_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    source = f"code: {{source: text, path: {tmp_path}/empty.jsonl}}"
    found = message(
        edited(("code: {source: standard-library, content: code, max_bytes: 6_000_000}", source))
    )
    assert '"code" has 0 bytes at most; allowed: shorter sequences, or more data' in found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rank: [1, 4, 16]", "rank: [1, 4, 200]", "grid[1].rank[2]: 200 is above the smaller dim"),
        ("rank: [1, 4, 16]", "rank: 129", "grid[1].rank: 129 is above the smaller dimension of"),
        ("rank: 4", "target_modules: [q_prj]", "did you mean q_proj"),
        ("sequence_length: 256", "sequence_length: 257", "257 is above the base's context of 256"),
        ("schedule: linear", "packing: padded", "`packing` is for mixtures: remove it"),
    ],
)
def test_what_does_not_fit_the_base_or_the_data(old: str, new: str, said: str) -> None:
    if old == "rank: 4":
        old, new = "alpha: 2r", f"alpha: 2r, {new}"
    found = message(edited((old, new)))
    assert said in found
    assert "allowed: " in found or "remove it" in found


def test_a_rank_as_large_as_the_smallest_matrix_is_taken() -> None:
    Path("mine.yaml").write_text(edited(("rank: [1, 4, 16]", "rank: 128")), encoding="utf-8")
    check([Path("mine.yaml")])
