"""Runs on what another run has learned: the whole way, over records made by hand."""

from pathlib import Path

import polars as pl
import pytest

from artefacts_of import scores_of, spectra_of
from evaluated import read_scores
from rankscope.artefacts import layout
from rankscope.base.cli import model
from rankscope.data.cli import pack, rows
from rankscope.evaluate.cli import predict, score
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.record import Artefact
from rankscope.records.runs import MergedBase, Run
from rankscope.records.study import Study
from rankscope.spectra.cli import analyse
from rankscope.spectra.cli import base as decompose
from rankscope.studies.expand import load_study
from rankscope.studies.graph import walk
from rankscope.studies.store import keep
from rankscope.train.cli import train
from tiny_study import FILE, TinyBase

VERBS = {
    "data rows": rows, "data pack": pack, "base model": model, "train": train,
    "evaluate predict": predict, "evaluate score": score, "spectra base": decompose,
    "spectra run": analyse,
}  # fmt: skip


def chained(rate: float = 1e-2) -> tuple[Study, Run]:
    """The tiny study with its LoRA run first, and full and LoRA runs on what that has learned."""
    study = load_study(FILE)
    first = next(run for run in study.runs if run.method.slug == "lora-r4")
    first = first.replaced(recipe=first.recipe.replaced(learning_rate=rate))
    merged = MergedBase(run=first)
    second = first.replaced(base=merged, recipe=first.recipe.replaced(learning_rate=3e-3))
    methods = FullFineTuning(), Lora(rank=2, alpha=4.0)
    runs = tuple(second.replaced(method=method) for method in methods)
    (suite,) = study.suites
    suite = suite.replaced(
        evaluations=tuple(each for each in suite.evaluations if each.kind == "bits-per-byte")
    )
    return study.replaced(base=merged, runs=runs, suites=(suite,)), first


def make(record: Artefact) -> None:
    """Make an artefact by its verb, from what the records say that it is made from."""
    if not all(Path(path).exists() for path in layout.outputs(record.verb, record.name)):
        assert all(
            Path(path).exists()
            for source in record.sources
            for path in layout.outputs(source.verb, source.name)
        )
        names = [record.name] if record.stage == "evaluate" else record.name
        VERBS[record.verb](names, study=FILE)


@pytest.fixture(scope="module")
def chain(tiny_base: TinyBase, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("chain")
    tiny_base.copy_to(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        study, first = chained()
        of_first = study.replaced(base=first.base, runs=(first,))
        everything = list(walk(*study.sources, *of_first.answers, *of_first.scores))
        keep(everything)
        for record in everything:
            make(record)
        yield study, of_first


def test_the_merged_base_says_what_the_step_says_that_it_is_made_of(chain) -> None:
    study, of_first = chain
    (first,) = of_first.runs
    measured = read_scores(scores_of(study, study.base.name))
    of_run = read_scores(scores_of(of_first, first.name))
    last = of_run.filter(pl.col("step") == pl.col("step").max())
    assert measured["score"].to_list() == last["score"].to_list()
    assert not measured.is_empty()


@pytest.mark.parametrize("number", [0, 1], ids=["full", "lora"])
def test_what_is_trained_on_it_goes_all_the_way(chain, number: int) -> None:
    study, _ = chain
    run = study.runs[number]
    _, together = study.scores
    scores = read_scores(together).filter(pl.col("run") == run.name)
    assert scores["base"].unique().to_list() == [study.base.name]
    before = read_scores(scores_of(study, study.base.name))
    learning = pl.col("measures") == "learning"
    last = scores.filter(pl.col("step") == pl.col("step").max())
    # it goes on learning from where the first run ended
    assert last.filter(learning)["score"].mean() < before.filter(learning)["score"].mean()
    tables = sorted(Path(layout.spectra(spectra_of(study, run.name).name)).glob("*.parquet"))
    rows = [pl.read_parquet(table) for table in tables]
    matrices = [table.select("step", "matrix") for table in rows if "matrix" in table.columns]
    # of every kept step, every one of the 7 matrices of 2 layers
    assert pl.concat(matrices).unique().height == len(run.recipe.keep) * 14


def test_nothing_is_tokenised_again(chain) -> None:
    study, of_first = chain
    assert {run.packed for run in (*study.runs, *of_first.runs)} == {study.runs[0].packed}


def test_another_first_run_renames_what_follows_and_nothing_else(chain) -> None:
    study, _ = chain
    other, _ = chained(rate=2e-2)
    names = [{each.name for each in walk(*one.sources)} for one in (study, other)]
    changed = [each for each in walk(*study.sources) if each.name not in names[1]]
    assert len(names[0]) == len(names[1])
    kept = [each for each in walk(*study.sources) if each.name in names[1]]
    first = study.base.run
    assert {each.name for each in kept} == {each.name for each in walk(*first.sources)} | {
        data.name for each in study.data.values() for data in walk(each)
    }
    assert {first.name, study.base.name, *(run.name for run in study.runs)} <= {
        each.name for each in changed
    }
