"""What the plan announces is what training does."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from instruction_study import STUDY as MIXTURES
from rankscope.artefacts import layout
from rankscope.check.plan import counts, jobs_per_stage, most_tokens, steps, tokens
from rankscope.check.shapes import base_shape
from rankscope.records.labelled import LabelledText
from rankscope.studies.expand import load_study
from sealing import seal
from study_text import STUDY, edited


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> str:
    Path("mine.yaml").write_text(text, encoding="utf-8")
    return "mine.yaml"


@pytest.mark.parametrize(("epochs", "sequences"), [(1, 16), (3, 100), (0.5, 100), (0.01, 100)])
def test_steps_of_epochs_are_those_of_training(epochs: float, sequences: int) -> None:
    from rankscope.train.feed import total_steps

    run = load_study(write(edited(("steps: 250", f"epochs: {epochs}")))).runs[0]
    assert steps(run) is None
    assert tokens(run) is None
    packed = Path(layout.packed(run.packed.name))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"sequence": range(sequences)}).write_parquet(packed)
    seal()
    assert steps(run) == total_steps(run.recipe, sequences)
    assert tokens(run) == total_steps(run.recipe, sequences) * 16 * 256


def test_tokens_are_steps_times_batch_times_length() -> None:
    run = load_study(write(STUDY)).runs[0]
    assert tokens(run) == most_tokens(run) == 250 * 16 * 256


def test_a_mixture_has_a_most_of_tokens_before_it_is_packed() -> None:
    Path("mixtures.yaml").write_text(yaml.safe_dump(MIXTURES), encoding="utf-8")
    run = load_study("./mixtures.yaml").runs[0]
    assert tokens(run) is None
    assert most_tokens(run) == 4 * 12 * 440, "48 examples in batches of 12"
    packed = Path(layout.packed(run.packed.name))
    packed.parent.mkdir(parents=True)
    pl.DataFrame({"input_ids": [[1] * 30, [1] * 10] * 24}).write_parquet(packed)
    seal()
    assert most_tokens(run) == tokens(run) == 4 * 12 * 20


def test_what_several_runs_share_is_one_job() -> None:
    text = edited(("train_on: code", "train_on: [code, english]"), ("seeds: [0, 1]", "seeds: [0]"))
    # the embedded base is a blank one, a run on it, and what that has learned; it is asked alone,
    # the eight runs five and three together
    assert jobs_per_stage(load_study(write(text))) == {
        "data": 3 + 2, "base": 2, "train": 9, "evaluate": 2 * 3, "spectra": 9, "report": 6,
    }  # fmt: skip


def test_parameters_are_counted_under_the_head_that_each_run_is_trained_with() -> None:
    study = load_study(write(edited(("seeds: [0, 1]", "seeds: [0]"))))
    on_text = study.runs[0]
    pairs = {"source": "labelled", "path": "pairs.jsonl", "labels": ("no", "yes")}
    on_labels = on_text.replaced(data=LabelledText.model_validate(pairs))
    shape = base_shape(study.base)
    for runs in ((on_text, on_labels), (on_labels, on_text)):
        known = counts(study.replaced(runs=runs), shape)
        assert known[on_text.method, on_text.data.head] == (922_752, 922_752)
        # the base is yet to be made: what its classifier has is not known
        assert known[on_labels.method, on_labels.data.head] is None
