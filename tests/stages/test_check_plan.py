"""`rankscope check`: the plan of a good study."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rankscope.check.cli import check
from rankscope.errors import ModelError, StudyError
from rankscope.studies.expand import load_study
from sealing import seal
from study_mistakes import EMBEDDED, FULL, HUB_BASE, LLAMA_7B, REVISION
from study_text import STUDY, edited

REPOSITORY = Path(__file__).parents[2]
NEED_A_DOWNLOAD = ("multitask", "multitask-tuned", "multitask-learning-rates")


pytestmark = pytest.mark.usefixtures("elsewhere")


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
    # the base is blank, then what a run has learned; it and twice up to five runs are asked
    assert "37: data 5 · base 2 · train 9 · evaluate 6 · spectra 9 · report 6" in plan


def test_a_variant_that_nothing_uses_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    text = edited(("  items:", "  spare: {source: standard-library, content: code}\n  items:"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    assert "note: mine.yaml:8: data.spare: nothing is trained" in capsys.readouterr().out


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


def test_epochs_are_counted_once_the_data_is_packed(capsys: pytest.CaptureFixture[str]) -> None:
    import polars as pl

    from rankscope.artefacts import layout
    from rankscope.studies.expand import load_study

    text = edited(("steps: 250", "epochs: 3"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    check([Path("mine.yaml")])
    assert "on code · epochs: 3 (steps and tokens are known once" in capsys.readouterr().out
    Path("steps.yaml").write_text(STUDY, encoding="utf-8")
    check([Path("steps.yaml")])
    assert "epochs are known once the data is packed" in flat(capsys.readouterr().out)
    study = load_study("mine.yaml")
    packed = Path(layout.packed(study.runs[0].packed.name))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"sequence": range(100)}).write_parquet(packed)
    seal()
    check([Path("mine.yaml")])
    # 3 × 100 / 16 steps, rounded
    plan = flat(capsys.readouterr().out)
    assert "on code · 19 steps · 77,824 tokens · 3.04 epochs (all of the data)" in plan
    # 4 × 16 of 100 sequences, and 1 × 1
    for number, size, told in ((4, 16, "0.64 epochs (64%"), (1, 1, "0.01 epochs (1.00%")):
        edits = (("steps: 250", f"steps: {number}"), ("batch_size: 16", f"batch_size: {size}"))
        Path("steps.yaml").write_text(edited(*edits), encoding="utf-8")
        check([Path("steps.yaml")])
        assert f"{told} of the data)" in flat(capsys.readouterr().out)


def flat(plan: str) -> str:
    """A plan without its line breaks."""
    return " ".join(plan.split())


def test_the_configuration_of_a_hub_base_is_fetched_for_the_plan(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def fetched(repository: str, filename: str, revision: str, **_: str) -> str:
        asked.append((repository, filename, revision))
        folder = elsewhere / f"huggingface/hub/models--some--model/snapshots/{revision}"
        folder.mkdir(parents=True)
        (folder / filename).write_text(json.dumps(LLAMA_7B), encoding="utf-8")
        return str(folder / filename)

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
    # a configuration alone is no model
    with pytest.raises(StudyError, match="is not in the local cache"):
        check([Path("mine.yaml")])


def test_a_hub_base_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def refused(*_: str, **__: str) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(hub, "hf_hub_download", refused)
    Path("mine.yaml").write_text(edited((EMBEDDED, HUB_BASE)), encoding="utf-8")
    with pytest.raises(ModelError, match=r"some/model at revision .* cannot be reached .*no route"):
        check([Path("mine.yaml")])


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


def test_the_shipped_studies_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    for study in sorted(Path("workflow/studies").glob("*.yaml")):
        if study.stem not in NEED_A_DOWNLOAD:
            check([study])


def pretend_download(file: Path, folder: Path) -> None:
    """Write what `check` looks at of LLaMA-7B and of the collection of tasks."""
    (revision,) = set(re.findall(r"[0-9a-f]{40}", file.read_text("utf-8")))
    model = folder / f"huggingface/hub/models--huggyllama--llama-7b/snapshots/{revision}"
    model.mkdir(parents=True)
    (model / "config.json").write_text(json.dumps(LLAMA_7B), encoding="utf-8")
    write_niv2(folder / "data/natural-instructions", tasks=757)


@pytest.mark.parametrize("name", NEED_A_DOWNLOAD)
def test_the_shipped_studies_of_7b_are_accepted_where_their_files_are(
    name: str, elsewhere: Path
) -> None:
    file = REPOSITORY / f"workflow/studies/{name}.yaml"
    pretend_download(file, elsewhere)
    check([file])


def test_a_quantised_7b_has_the_paper_s_trainable_percentages(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 6.7 billion weights, although they are stored in 3.4 billion bytes."""
    file = REPOSITORY / "workflow/studies/multitask.yaml"
    pretend_download(file, elsewhere)
    text = file.read_text("utf-8").replace("alpha: 2r", "alpha: 2r\n    quantisation: nf4")
    Path("mine.yaml").write_text(text.replace("study: multitask", "study: mine"), "utf-8")
    check([Path("mine.yaml")])
    plan = capsys.readouterr().out
    assert "6,738,415,616 parameters" in plan
    rows = [line.split() for line in plan.splitlines() if " qlora-r16-" in line]
    assert rows
    assert {row[-1] for row in rows} == {"0.248"}


def write_niv2(folder: Path, tasks: int) -> None:
    """Write the lists of a collection in the official layout; its tasks are not looked into."""
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "task1_train.json").write_text("{}")
    lists = folder / "splits" / "default"
    lists.mkdir(parents=True)
    for split, number in (("train", tasks), ("test", 119)):
        (lists / f"{split}_tasks.txt").write_text(
            "".join(f"task{n}_{split}\n" for n in range(number))
        )


def test_the_multitask_study_is_the_paper_s_grid(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """12 methods × 4 mixtures × 3 samplings and those of Figure 5, in the paper's steps."""
    file = REPOSITORY / "workflow/studies/multitask.yaml"
    pretend_download(file, elsewhere)
    check([file])
    plan = capsys.readouterr().out
    assert max(map(len, plan.splitlines())) <= 80
    steps = {
        "T100": 469, "T250": 1172, "T500": 2344, "Tall": 3548, "Tstar100": 1172, "Tstar500": 1172,
    }  # fmt: skip
    for mixture, number in steps.items():
        most = number * 128 * 1152
        for sampling in range(3):
            told = f"train  on {mixture}-s{sampling} · {number:,} steps · at most {most:,} tokens"
            assert told in plan
    total = 3 * 128 * 1152 * (12 * (469 + 1172 + 2344 + 3548) + 3 * (1172 + 1172))
    assert f"runs   162 · at most {total:,} tokens" in plan
    shares = {
        "4": 0.062, "8": 0.124, "16": 0.248, "32": 0.496, "64": 0.986, "128": 1.953, "256": 3.831,
        "512": 7.379, "1024": 13.745, "2048": 24.167, "4096": 38.927,
    }  # fmt: skip
    rows = [line.split() for line in plan.splitlines() if "lora-r" in line]
    assert {row[1] for row in rows} == shares.keys()
    for row in rows:
        trainable = int(row[-2].replace(",", ""))
        share = 100 * trainable / (6_738_415_616 + trainable)
        # two of the paper's percentages are rounded twice: 6e-4 for 5e-4
        assert share == pytest.approx(shares[row[1]], abs=6e-4)
        assert row[-1] == f"{share:.3f}"
    assert "note:" not in plan

    runs = load_study(file).runs
    tables = [run for run in runs if not run.data.with_replacement]
    figure_5 = [run for run in runs if run.data.with_replacement]
    assert len(tables) == 12 * 4 * 3
    assert len(figure_5) == 3 * 2 * 3
    drawn = {(run.data.series, run.data.nested, run.data.examples_per_task) for run in figure_5}
    assert drawn == {("T*100", (), 250), ("T*500", (100, 250), 50)}
    intra = {run.data.test_set("intra").name for run in runs}
    assert len(intra) == 3, "all mixtures of a sampling share their test set"


def test_the_unedited_study_is_accepted() -> None:
    Path("mine.yaml").write_text(STUDY, encoding="utf-8")
    check([Path("mine.yaml")])
