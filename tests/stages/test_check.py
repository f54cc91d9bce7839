"""`rankscope check`: every mistake by the message a user sees."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rankscope.check.cli import check
from rankscope.errors import StudyError
from sealing import seal
from study_mistakes import EMBEDDED, HUB_BASE, MISTAKES, REVISION
from study_text import STUDY, edited
from tiny_llama import save_base
from tiny_study import STUDY as TINY
from tiny_study import write_tiny_documents


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without hub cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path


def message(text: str) -> str:
    """What a user reads who checks a study file with this text."""
    Path("mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as refused:
        check([Path("mine.yaml")])
    return str(refused.value)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_file_key_value_and_what_is_allowed(
    mistake: tuple[str, str, tuple[str, ...]],
) -> None:
    old, new, fragments = mistake
    found = message(edited((old, new)))
    assert [fragment for fragment in fragments if fragment not in found] == [], found
    assert len(found.splitlines()) == 1 or "described twice" in found, found


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


def test_what_only_a_gpu_can_do_is_a_note_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = edited(("schedule: linear", "optimizer: paged-adamw-8bit"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    for gpu in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda gpu=gpu: gpu)
        check([Path("mine.yaml")])
        told = " ".join(capsys.readouterr().out.split())
        assert ("8 runs would be refused on this machine" in told) is not gpu
        assert ("torch finds no GPU here" in told) is not gpu


def test_all_mistakes_of_a_file_are_listed_in_its_order() -> None:
    found = message(edited(("steps: 250", "steps: none"), ("alpha: 2r", "alhpa: 2r")))
    first, second, third = found.splitlines()
    assert first == "mine.yaml has 2 mistakes:"
    assert second.startswith("mine.yaml:24: recipe.steps: ")
    assert third.startswith("mine.yaml:32: grid[1].alhpa: unknown key; did you mean alpha?")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- one\n- two\n", "must be a mapping (`key: value` lines), and is a list"),
        ("study\n", "must be a mapping (`key: value` lines), and is a single value"),
        ("study: &again [*again]\n", "mine.yaml:1: "),
    ],
)
def test_a_file_that_is_no_study_at_all(text: str, fragment: str) -> None:
    assert fragment in message(text)


def test_a_file_in_another_encoding() -> None:
    Path("mine.yaml").write_bytes("title: für".encode("latin-1"))
    with pytest.raises(StudyError, match="UTF-8"):
        check([Path("mine.yaml")])


def test_a_missing_file_and_what_stands_beside_it() -> None:
    Path("other.yaml").write_text(STUDY, encoding="utf-8")
    with pytest.raises(StudyError, match=r"mine\.yaml: there is no such file; .* has: other"):
        check([Path("mine.yaml")])


def test_a_hub_base_that_is_not_cached_is_refused_offline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = message(edited((EMBEDDED, HUB_BASE)))
    assert 'mine.yaml:12: base.repository: "some/model"' in found
    assert f"hf download some/model --revision {REVISION}" in found


def test_a_hub_dataset_that_is_not_cached_is_refused_offline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dataset = f"{{source: hub, repository: some/text, revision: {REVISION}}}"
    found = message(edited(("{source: standard-library, content: english}", dataset)))
    assert 'mine.yaml:7: data.english.repository: "some/text"' in found
    assert "hf download --repo-type dataset some/text" in found


def test_a_study_that_would_overwrite_the_report_of_another() -> None:
    shipped = Path("workflow/studies/mine.yaml")
    shipped.parent.mkdir(parents=True)
    shipped.write_text(STUDY, encoding="utf-8")
    check([shipped])
    Path("copy.yaml").write_text(STUDY, encoding="utf-8")
    with pytest.raises(StudyError, match=r'copy\.yaml:1: study: "mine".*write `study: copy`'):
        check([Path("copy.yaml")])


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


def test_what_is_allowed_is_said_to_the_last_digit() -> None:
    found = message(edited(("seeds: [0, 1]", "seeds: [4294967296]")))
    assert "seeds[0]: 4294967296 is out of range; allowed: a number below 4294967296" in found
    found = message(edited(("  code: {", "  cöde: {")))
    assert "data.cöde: this key does not fit" in found
    assert "allowed: letters, digits, - and _" in found


def test_an_empty_file_has_no_batch_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    source = f"code: {{source: text, path: {tmp_path}/empty.jsonl}}"
    found = message(
        edited(("code: {source: standard-library, content: code, max_bytes: 6_000_000}", source))
    )
    assert '"code" has 0 bytes at most; allowed: shorter sequences, or more data' in found


def test_a_tokenizer_of_another_model_is_refused(elsewhere: Path) -> None:
    folder = elsewhere / "model"
    folder.mkdir()
    config = {"model_type": "llama", "vocab_size": 3}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = {"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": [{"id": 3}]}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    save_file({"model.embed_tokens.weight": np.zeros((3, 2))}, folder / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: model")))
    assert 'mine.yaml:12: base.path: "model" has a tokenizer whose highest token is 3' in found
    assert "allowed: tokens below 3" in found


def test_one_text_file_is_one_document() -> None:
    Path("all.txt").write_text("text", encoding="utf-8")
    data = "{source: text, path: all.txt}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert 'mine.yaml:7: data.english.path: "all.txt" is one .txt file' in found
    assert "allowed: `split_on_blank_lines: true`, a folder of several, or a .jsonl or" in found


def test_a_text_field_that_is_not_there() -> None:
    Path("all.jsonl").write_text('{"body": "text"}\n', encoding="utf-8")
    data = "{source: text, path: all.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "mine.yaml:7: data.english.path: " in found
    assert "no field 'text'; it has: body (set text_field)" in found


def test_a_classifier_is_no_base(elsewhere: Path) -> None:
    folder = elsewhere / "model"
    folder.mkdir()
    config = {"model_type": "roberta", "architectures": ["RobertaForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    save_file({"classifier.weight": np.zeros((3, 2))}, folder / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: model")))
    assert found == (
        'mine.yaml:12: base.path: "model" is a RobertaForSequenceClassification; allowed: causal'
        " language models (…ForCausalLM)"
    )


def test_a_quantised_model_is_no_base(elsewhere: Path) -> None:
    model = elsewhere / "packed"
    model.mkdir()
    config = {"model_type": "llama", "quantization_config": {"quant_method": "bitsandbytes"}}
    (model / "config.json").write_text(json.dumps(config), "utf-8")
    (model / "tokenizer.json").write_text("{}", "utf-8")
    save_file({"weight": np.zeros((2, 2))}, model / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: packed")))
    assert 'mine.yaml:12: base.path: "packed" is quantised (bitsandbytes)' in found
    assert "`quantisation: nf4`" in found


def test_a_path_that_is_seen_from_the_study_s_folder_is_told_how_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are seen from the folder of the run, which people take for that of the study."""
    own = tmp_path / "own study"
    own.mkdir()
    write_tiny_documents(own)
    save_base(own / "base")
    text = TINY[: TINY.index("base:")] + "base: {source: local, path: base}\n"
    (own / "tiny.yaml").write_text(text + TINY[TINY.index("train_on:") :], "utf-8")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(StudyError) as refused:
        check([Path("../own study/tiny.yaml")])
    for name in ("code.jsonl", "english.jsonl", "base"):
        assert f"it lies beside the study, as ../own study/{name}: paths are" in str(refused.value)
    monkeypatch.chdir(own)
    check([Path("tiny.yaml")])


def test_a_row_that_cannot_be_read_is_told_by_the_check(tmp_path: Path) -> None:
    rows = [f'{{"text": "document {number}"}}\n' for number in range(40)]
    Path("mine.jsonl").write_text("".join(rows) + '{"text": "a cut emoji \\ud83d"}\n')
    data = "{source: text, path: mine.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "mine.jsonl, line 41: field 'text' holds half of a surrogate pair" in found


def test_a_pipe_as_data_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo("pipe.jsonl")
    data = "{source: text, path: pipe.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "pipe.jsonl: this is a pipe, socket or device" in found
