"""`rankscope check`: every mistake by the message a user sees, and the plan of a good study."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from rankscope.errors import ModelError, StudyError
from rankscope.study.cli import check
from rankscope.study.schema import SCHEMA, study_schema
from study_text import STUDY, edited

REPOSITORY = Path(__file__).parents[2]
REVISION = "0123456789abcdef0123456789abcdef01234567"
HUB_BASE = f"source: hub\n  repository: some/model\n  revision: {REVISION}"
EMBEDDED = STUDY[STUDY.index("source: embedded") : STUDY.index("\n\ntrain_on")]
LLAMA_7B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
LORA = "{method: lora, rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3}"
FULL = "{method: full, learning_rate: 1.0e-3}"


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


# name: (text to replace, replacement, what the message must say)
MISTAKES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # --- YAML ---
    "number that YAML reads as text": (
        "learning_rate: 1.0e-3",
        "learning_rate: 1e-4",
        ("mine.yaml:31: grid[0].learning_rate: ", '"1e-4" is text', "a number", "write 1.0e-4"),
    ),
    "number in quotes": (
        "rank: [1, 4, 16]",
        "rank: [1, 4, '16']",
        ("mine.yaml:32: grid[1].rank[2]: ", '"16" is text', "a whole number", "write 16"),
    ),
    "key twice": (
        "seeds: [0, 1]",
        "seeds: [0, 1]\nseeds: [2]",
        ("mine.yaml:22: seeds: ", "twice", "lines 21 and 22", "remove one"),
    ),
    "tab": ("  steps: 250", "\tsteps: 250", ("mine.yaml:24: ", "tab", "spaces")),
    "unclosed list": ("seeds: [0, 1]", "seeds: [0, 1", ("mine.yaml:23: ", "not valid YAML")),
    "yes is no text": (
        "title: A study of ours",
        "title: yes",
        ("mine.yaml:2: title: ", "true", "allowed: text", "put it in quotes"),
    ),
    "label that is a number": (
        "  code: {source",
        "  1: {source",
        ("mine.yaml:6: data.1: ", 'write "1"', "in quotes"),
    ),
    # --- keys ---
    "unknown key with suggestion": (
        "learning_rate: 1.0e-3",
        "learning_rat: 1.0e-3",
        ("mine.yaml:31: grid[0].learning_rat: unknown key", "did you mean learning_rate", "seeds"),
    ),
    "unknown key of the study": (
        "spectra:",
        "spectrum:",
        ("mine.yaml:42: spectrum: unknown key", "did you mean spectra", "allowed here: study, "),
    ),
    "learning rate in the recipe": (
        "steps: 250",
        "steps: 250\n  learning_rate: 1.0e-3",
        ("mine.yaml:25: recipe.learning_rate: unknown key", "blocks of `grid`", "warmup_fraction"),
    ),
    "unknown key in a block's recipe": (
        LORA,
        LORA[:-1] + ", recipe: {warmup: 0.1}}",
        ("mine.yaml:32: grid[1].recipe.warmup: unknown key", "did you mean warmup_fraction"),
    ),
    "missing key": ("seeds: [0, 1]\n", "", ("mine.yaml:1: seeds: ", "missing", "[0, 1]")),
    "missing rank": (
        "rank: [1, 4, 16], ",
        "",
        ("mine.yaml:32: grid[1].rank: ", "missing", "a list of ranks such as [4, 16]"),
    ),
    "rank for full fine-tuning": (
        FULL,
        FULL[:-1] + ", rank: 4}",
        ("mine.yaml:31: grid[0].rank: 4 contradicts `method: full`", "only `method: lora`"),
    ),
    "alpha for full fine-tuning": (
        FULL,
        FULL[:-1] + ", alpha: 2r}",
        ('mine.yaml:31: grid[0].alpha: "2r" contradicts `method: full`', "change the method"),
    ),
    "key without value": (
        "seeds: [0, 1]",
        "seeds:",
        ("mine.yaml:21: seeds: ", "no value", "[0, 1]"),
    ),
    # --- words and numbers ---
    "unknown method": (
        "method: full",
        "method: ful",
        ('mine.yaml:31: grid[0].method: "ful" is unknown', "did you mean full", "full, lora"),
    ),
    "unknown source": (
        "source: embedded",
        "source: local-folder",
        ('mine.yaml:11: base.source: "local-folder" is unknown', "embedded, local, hub"),
    ),
    "unknown schedule": (
        "schedule: linear",
        "schedule: cosin",
        ('mine.yaml:27: recipe.schedule: "cosin"', "did you mean cosine", "linear, cosine"),
    ),
    "unknown measure": (
        "measures: learning",
        "measures: accuracy",
        ('mine.yaml:36: evaluate.small[0].measures: "accuracy"', "learning, forgetting"),
    ),
    "seed that no generator takes": (
        "seeds: [0, 1]",
        "seeds: [0, -1]",
        ("mine.yaml:21: seeds[1]: -1 is out of range", "at least 0"),
    ),
    "unknown rule for alpha": (
        "alpha: 2r",
        "alpha: 3r",
        ('mine.yaml:32: grid[1].alpha: "3r"', "r, 2r, sqrt(r) or a number"),
    ),
    "negative learning rate": (
        "learning_rate: 1.0e-3",
        "learning_rate: -1.0e-3",
        ("mine.yaml:31: grid[0].learning_rate: -0.001", "a number above 0"),
    ),
    "rank of zero": (
        "rank: [1, 4, 16]",
        "rank: [0, 4]",
        ("mine.yaml:32: grid[1].rank[0]: 0", "above 0"),
    ),
    "half a step": (
        "steps: 250",
        "steps: 250.5",
        ("mine.yaml:24: recipe.steps: 250.5 is no whole number",),
    ),
    "target module that is no list": (
        "alpha: 2r",
        "alpha: 2r, target_modules: q_proj",
        ('mine.yaml:32: grid[1].target_modules: "q_proj"', "all-linear or a list", "[q_proj]"),
    ),
    "name that is no file name": (
        "study: mine",
        "study: My Study",
        ('mine.yaml:1: study: "My Study"', "lower-case letters, digits and -"),
    ),
    # --- lists ---
    "empty grid": (
        f"grid:\n  - {FULL}\n  - {LORA}",
        "grid: []",
        ("mine.yaml:30: grid: [] is empty", "at least 1"),
    ),
    "empty seeds": ("seeds: [0, 1]", "seeds: []", ("mine.yaml:21: seeds: ", "empty")),
    "seed twice": (
        "seeds: [0, 1]",
        "seeds: [0, 1, 0]",
        ("mine.yaml:21: seeds: 0 stands twice", "remove one"),
    ),
    "rank twice": (
        "rank: [1, 4, 16]",
        "rank: [4, 4]",
        ("mine.yaml:32: grid[1].rank: 4 stands twice",),
    ),
    "identical runs": (
        LORA,
        LORA + "\n  - {method: lora, rank: 4, alpha: 8, learning_rate: 3.0e-3, seeds: 1}",
        ("mine.yaml:33: grid[2]: run lora-r4-", "described twice", "line 32", "remove one"),
    ),
    # --- references ---
    "unknown data": (
        "train_on: code",
        "train_on: cods",
        ('mine.yaml:20: train_on: no data variant is called "cods"', "did you mean code", "items"),
    ),
    "items as training data": (
        "train_on: code",
        "train_on: items",
        ('mine.yaml:20: train_on: the data variant "items"', "allowed here: standard-library"),
    ),
    "documents as items": (
        "data: items}",
        "data: english}",
        ('evaluate.small[2].data: the data variant "english"', "allowed here: continuations"),
    ),
    "headline that names nothing": (
        "learning: code, forgetting",
        "learning: cod, forgetting",
        ('mine.yaml:40: headline.learning: "cod" is no', "did you mean code", "allowed: code"),
    ),
    "headline that measures something else": (
        "forgetting: english}",
        "forgetting: code}",
        ('headline.forgetting: "code" has `measures: learning`', "allowed: english, endings"),
    ),
    "evaluation name twice": (
        "name: endings",
        "name: english",
        ('mine.yaml:38: evaluate.small[2].name: "english"', "line 37", "its own name"),
    ),
    # --- contradictions ---
    "steps and epochs": (
        "steps: 250",
        "steps: 250\n  epochs: 2",
        ("mine.yaml:25: recipe.epochs: 2 epochs contradict `steps: 250`", "one of the two"),
    ),
    "neither steps nor epochs": (
        "  steps: 250\n",
        "",
        ("mine.yaml:23: recipe: ", "`steps` or `epochs`"),
    ),
    "block's epochs against the study's steps": (
        LORA,
        LORA[:-1] + ", recipe: {epochs: 3}}",
        ("mine.yaml:32: grid[1].recipe.epochs: 3 epochs contradict `steps: 250`",),
    ),
    "micro batch that does not divide": (
        "batch_size: 16",
        "batch_size: 16\n  micro_batch_size: 3",
        ("mine.yaml:26: recipe.micro_batch_size: 3", "`batch_size: 16`", "1, 2, 4, 8, 16"),
    ),
    "last weights not kept": (
        "keep: [0.1, 0.5, 1.0]",
        "keep: [0.1, 0.5]",
        ("mine.yaml:28: recipe.keep: [0.1, 0.5]", "end with 1.0"),
    ),
    # --- against base and data ---
    "rank above a dimension": (
        "rank: [1, 4, 16]",
        "rank: [1, 256]",
        ("mine.yaml:32: grid[1].rank[1]: 256", "q_proj (128 × 128)", "allowed: at most 128",
         "allow_rank_above_dimension: true"),
    ),
    "target module that matches nothing": (
        "alpha: 2r",
        "alpha: 2r, target_modules: [q_proj, value_proj]",
        ('mine.yaml:32: grid[1].target_modules[1]: "value_proj"', "did you mean v_proj",
         "q_proj, k_proj"),
    ),
    "sequence above the context": (
        "sequence_length: 256",
        "sequence_length: 512",
        ("mine.yaml:26: recipe.sequence_length: 512", "context of 256 tokens", "at most 256"),
    ),
    "batch above the data": (
        "6_000_000",
        "4_000",
        ("mine.yaml:25: recipe.batch_size: ", "16 sequences of 256 tokens", "4,000 bytes",
         "at most 15"),
    ),
    "heads that do not divide": (
        "heads: 4",
        "heads: 3",
        ("mine.yaml:16: base.heads: 3", "`hidden_size: 128`", "1, 2, 4, 8, 16, 32, 64"),
    ),
    "more leading vectors than there are": (
        "ks: [1, 10]",
        "ks: [1, 200]",
        ("mine.yaml:44: spectra.ks[1]: 200", "(128 × 128)", "at most 128"),
    ),
    "held out under another split": (
        "name: code, kind: bits-per-byte, measures: learning, data: code",
        "name: code, kind: bits-per-byte, measures: learning, data: {source: standard-library,"
        " content: code, seed: 1}",
        ("mine.yaml:36: evaluate.small[0].data: ", "trained on", "the same seed"),
    ),
    "missing dataset": (
        "{source: standard-library, content: english}",
        "{source: text, path: no/such.jsonl}",
        ('mine.yaml:7: data.english.path: "no/such.jsonl"', "no such file"),
    ),
    "missing model": (
        EMBEDDED,
        "source: local\n  path: no/such/model",
        ('mine.yaml:12: base.path: "no/such/model"', "no such model folder"),
    ),
    "model in the home folder": (
        EMBEDDED,
        "source: local\n  path: ~/model",
        ('mine.yaml:12: base.path: "~/model"', "~ is not expanded"),
    ),
    "unpinned hub dataset": (
        "{source: standard-library, content: english}",
        "{source: hub, repository: some/text, revision: v1.0}",
        ('mine.yaml:7: data.english.revision: "v1.0"', "full commit hash"),
    ),
    "unpinned hub model": (
        EMBEDDED,
        "source: hub\n  repository: some/model\n  revision: main",
        ('mine.yaml:13: base.revision: "main"', "full commit hash", "40 hexadecimal digits"),
    ),
}  # fmt: skip


# what takes a look at other keys, at the lines, or at base and data
NO_JSON = {"tab", "unclosed list", "label that is a number"}
ONLY_RANKSCOPE_SEES = {
    "key twice",
    "identical runs",
    "unknown data",
    "items as training data",
    "documents as items",
    "headline that names nothing",
    "headline that measures something else",
    "evaluation name twice",
    "steps and epochs",
    "neither steps nor epochs",
    "block's epochs against the study's steps",
    "micro batch that does not divide",
    "last weights not kept",
    "rank above a dimension",
    "target module that matches nothing",
    "sequence above the context",
    "batch above the data",
    "heads that do not divide",
    "more leading vectors than there are",
    "held out under another split",
    "missing dataset",
    "missing model",
    "model in the home folder",
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_file_key_value_and_what_is_allowed(
    mistake: tuple[str, str, tuple[str, ...]],
) -> None:
    old, new, fragments = mistake
    found = message(edited((old, new)))
    assert [fragment for fragment in fragments if fragment not in found] == [], found
    assert len(found.splitlines()) == 1 or "described twice" in found, found


def test_the_unedited_study_is_accepted() -> None:
    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    check([Path("mine.yaml")])


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
    from rankscope.study.expand import load_study

    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study("mine.yaml")
    packed = Path(layout.packed(study.data["code"].name, study.base.name, 256))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"sequence": range(9)}).write_parquet(packed)
    found = message(STUDY)
    assert "recipe.batch_size: a batch of 16 sequences of 256 tokens" in found
    assert '"code" fills 9 sequences; allowed: at most 9' in found


def test_the_study_of_the_config_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StudyError, match=r"no config\.yaml in this folder"):
        check()
    Path("config.yaml").write_text("studi: mine.yaml\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"config\.yaml:1: studi: unknown key; did you mean study"):
        check()
    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    Path("config.yaml").write_text("study: mine.yaml\n", encoding="utf-8")
    check()
    assert "mine: A study of ours" in capsys.readouterr().out


def test_the_plan_says_what_will_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    check([Path("mine.yaml")])
    plan = capsys.readouterr().out
    assert max(map(len, plan.splitlines())) <= 80
    assert "\x1b" not in plan
    assert "train  on code · 250 steps · 1,024,000 tokens" in plan
    row = next(line for line in plan.splitlines() if "lora-r16-" in line)
    assert row.split()[1:] == ["16", "32", "0.003", "0", "156,160", "14.474"]
    assert "8 · 8,192,000 tokens" in plan
    assert "44: data 4 · base 1 · train 8 · evaluate 18 · spectra 9 · report 4" in plan


def test_a_variant_that_nothing_uses_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    text = edited(("  items:", "  spare: {source: standard-library, content: code}\n  items:"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    assert "note: mine.yaml:8: data.spare: nothing is trained" in capsys.readouterr().out


def test_every_file_is_checked_and_the_exit_code_is_2(elsewhere: Path) -> None:
    Path("good.yaml").write_text(edited(("study: mine", "study: good")), encoding="utf-8")
    Path("bad.yaml").write_text(edited(("steps: 250", "steps: 0")), encoding="utf-8")
    main = "from rankscope.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main, "check", "bad.yaml", "good.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == 2
    assert "good: A study of ours" in done.stdout
    assert "bad.yaml:24: recipe.steps: 0 is out of range; allowed: a number above 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_schema_for_editors_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    check(schema=True)
    assert capsys.readouterr().out == study_schema()
    committed = (REPOSITORY / SCHEMA).read_text(encoding="utf-8")
    assert committed == study_schema(), f"run: rankscope check --schema > {SCHEMA}"


def test_the_shipped_studies_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    for study in sorted(Path("workflow/studies").glob("*.yaml")):
        check([study])


def test_the_configuration_of_a_hub_base_is_fetched_for_the_plan(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def fetched(repository: str, file: str, revision: str) -> None:
        asked.append((repository, file, revision))
        folder = elsewhere / f"huggingface/hub/models--some--model/snapshots/{revision}"
        folder.mkdir(parents=True)
        (folder / file).write_text(json.dumps(LLAMA_7B), encoding="utf-8")

    monkeypatch.setattr(hub, "hf_hub_download", fetched)
    text = edited(
        (EMBEDDED, HUB_BASE), ("alpha: 2r", "alpha: 2r, target_modules: [q_proj, k_proj]")
    )
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    plan = capsys.readouterr().out
    assert asked == [("some/model", "config.json", REVISION)]
    assert "6,738,415,616 parameters" in plan
    assert max(map(len, plan.splitlines())) <= 80

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "is not in the local cache" in message(text), "a configuration alone is no model"


def test_a_hub_base_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def refused(*_: str, **__: str) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(hub, "hf_hub_download", refused)
    Path("mine.yaml").write_text(edited((EMBEDDED, HUB_BASE)), encoding="utf-8")
    with pytest.raises(ModelError, match=r"some/model at revision .* no route; check its name"):
        check([Path("mine.yaml")])


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
    assert "allowed: a folder of several, or a .jsonl or .parquet file" in found


def test_a_text_field_that_is_not_there() -> None:
    Path("all.jsonl").write_text('{"body": "text"}\n', encoding="utf-8")
    data = "{source: text, path: all.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "mine.yaml:7: data.english.path: " in found
    assert "no field 'text'; it has: body (set text_field)" in found


def test_epochs_are_counted_once_the_data_is_packed(capsys: pytest.CaptureFixture[str]) -> None:
    import polars as pl

    from rankscope.artefacts import layout
    from rankscope.study.expand import load_study

    text = edited(("steps: 250", "epochs: 3"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    assert "on code · epochs: 3 (steps and tokens are known once" in capsys.readouterr().out
    study = load_study("mine.yaml")
    packed = Path(layout.packed(study.data["code"].name, study.base.name, 256))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"sequence": range(100)}).write_parquet(packed)
    check([Path("mine.yaml")])
    # 3 × 100 / 16 steps, rounded
    assert "on code · 19 steps · 77,824 tokens" in capsys.readouterr().out


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


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - NO_JSON))
def test_the_schema_knows_what_it_can_of_the_mistakes(name: str) -> None:
    """Editors underline what needs no second look at the file: keys, words, types, bounds."""
    jsonschema = pytest.importorskip("jsonschema")
    old, new, _ = MISTAKES[name]
    content = yaml.safe_load(edited((old, new)))
    schema = json.loads(study_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid(content)
    assert valid == (name in ONLY_RANKSCOPE_SEES)


def test_the_schema_accepts_a_good_study() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(yaml.safe_load(STUDY), json.loads(study_schema()))


def test_a_large_plan_fits_into_80_columns(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two data variants, two lengths, rank 4096 on LLaMA-7B: nothing is cut off."""
    folder = elsewhere / f"huggingface/hub/models--some--model/snapshots/{REVISION}"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(LLAMA_7B), encoding="utf-8")
    text = edited(
        (EMBEDDED, HUB_BASE),
        ("train_on: code", "train_on: [code, english]"),
        ("rank: [1, 4, 16]", "rank: [16, 4096]"),
        (FULL, FULL[:-1] + ", recipe: {steps: 1000}}"),
    )
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    plan = capsys.readouterr().out
    assert max(map(len, plan.splitlines())) <= 80
    assert "…" not in plan
    assert plan.count("train  on english") == 2
    assert "10,234,101,760" in plan
