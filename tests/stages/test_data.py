"""The verbs of the data stage on the tiny study."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from rankscope.artefacts import layout
from rankscope.cli import app
from rankscope.errors import ArtefactError, DataError, StudyError
from tiny_study import FILE, STUDY, write_tiny_documents


def run(*arguments: str):
    """Run a verb in this process; its exception, if any, is raised."""
    result = CliRunner().invoke(app, [*arguments, "--study", FILE], catch_exceptions=False)
    if result.exception:
        raise result.exception


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    (tmp_path / FILE).write_text(STUDY)
    return tmp_path


def test_rows_have_ids_hashes_and_both_splits(tiny_base):
    rows = pl.read_parquet(tiny_base.rows("code"))
    assert rows.group_by("split").len().sort("split").rows() == [("heldout", 8), ("train", 32)]
    assert rows["id"].n_unique() == rows["sha256"].n_unique() == 40
    record = json.loads((tiny_base.rows("code").parent / "run.json").read_text())
    assert record["results"]["heldout"] == {
        "documents": 8,
        "bytes": rows.filter(pl.col("split") == "heldout")["bytes"].sum(),
    }


def test_items_come_from_held_out_documents(tiny_base):
    items = pl.read_parquet(tiny_base.rows("continuations"))
    english = pl.read_parquet(tiny_base.rows("english"))
    assert items.height == 8
    assert set(items["origin"]) <= set(english.filter(pl.col("split") == "heldout")["id"])


def test_packing_uses_the_base_tokenizer(tiny_base, tmp_path, monkeypatch):
    from transformers import AutoTokenizer

    tiny_base.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    run("data", "pack", "code")
    packed = pl.read_parquet(layout.packed(tiny_base.study.runs[0].packed.name))
    rows = pl.read_parquet(tiny_base.rows("code"))
    first = packed["document_ids"][0][0]
    text = rows.row(by_predicate=pl.col("id") == first, named=True)["text"]
    tokenizer = AutoTokenizer.from_pretrained(tiny_base.model)
    assert (
        tokenizer.decode(packed["input_ids"][0].to_list())
        == text[: len(text)][: len(tokenizer.decode(packed["input_ids"][0].to_list()))]
    )
    trained = set(rows.filter(pl.col("split") == "train")["id"])
    assert set(packed["document_ids"].explode()) <= trained


def test_the_same_study_gives_the_same_bits(tiny_base, study):
    run("data", "rows", "code")
    run("data", "rows", "english")
    run("data", "rows", "continuations")
    for label in ("code", "english", "continuations"):
        made = study / layout.data_rows(tiny_base.study.data[label].name)
        assert made.read_bytes() == tiny_base.rows(label).read_bytes()


def test_items_before_their_documents_say_what_to_make_first(study):
    with pytest.raises(ArtefactError, match="make them with `rankscope data rows text-english"):
        run("data", "rows", "continuations")


def test_a_missing_source_leaves_no_output(study):
    (study / "code.jsonl").unlink()
    with pytest.raises(DataError, match=r"code\.jsonl: there is no such file"):
        run("data", "rows", "code")
    assert not list(study.glob("results/data/*/*"))


def test_items_cannot_be_packed(study):
    with pytest.raises(StudyError, match="no packed data 'continuations'; it has: english, code"):
        run("data", "pack", "continuations")


def test_an_unknown_variant_lists_those_there_are(study):
    with pytest.raises(StudyError, match=r"data variant 'maths'.*: code, english, continuations"):
        run("data", "rows", "maths")


def test_a_hub_dataset_offline_says_what_to_do(study, monkeypatch):
    pytest.importorskip("datasets")
    for constant in ("datasets.config.HF_HUB_OFFLINE", "huggingface_hub.constants.HF_HUB_OFFLINE"):
        monkeypatch.setattr(constant, True)
    revision = "0123456789" * 4
    hub = f"{{source: hub, repository: nobody/nothing, revision: '{revision}'}}"
    text = STUDY.replace("{source: text, path: code.jsonl, heldout_fraction: 0.2}", hub)
    (study / FILE).write_text(text)
    with pytest.raises(
        DataError,
        match=rf"nobody/nothing at revision {revision}, .* where the hub cannot",
    ):
        run("data", "rows", "code")
