"""Spectra of a run: compared with the base that it was trained on, quantised or not."""

import pytest
from pydantic import ValidationError

from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import QuantisedBase, Run
from rankscope.records.spectra import Decomposition, Spectra, SpectraSettings

BASE = LocalBase(source="local", path="models/mine")


def run(**method: object) -> Run:
    return Run(
        base=BASE, data=TextFiles(source="text", path="one.txt"),
        method=Lora.model_validate({"kind": "lora", "rank": 4, "alpha": 8.0} | method),
        recipe=Recipe(learning_rate=1e-3, steps=4), seed=0,
    )  # fmt: skip


def test_runs_of_one_base_share_its_decomposition() -> None:
    one, other = (Spectra(subject=run(rank=r), settings=SpectraSettings()) for r in (4, 8))
    assert one.decomposition == other.decomposition == Decomposition(base=BASE)
    assert one.name != other.name
    assert one.sources == (BASE, run(rank=4), Decomposition(base=BASE))


def test_a_quantised_run_is_compared_with_what_it_was_trained_on() -> None:
    found = Spectra(subject=run(quantisation="nf4"), settings=SpectraSettings())
    assert found.decomposition.base == QuantisedBase(of=BASE, quantisation="nf4")


def test_what_is_counted_is_in_the_name_of_the_spectra_and_of_no_decomposition() -> None:
    few = Spectra(subject=run(), settings=SpectraSettings(ks=(1,)))
    many = Spectra(subject=run(), settings=SpectraSettings(ks=(1, 2)))
    assert few.name != many.name
    assert few.decomposition.name == many.decomposition.name


@pytest.mark.parametrize(
    "settings", [{"ks": (0,)}, {"ks": ()}, {"epsilons": (0.0,)}, {"epsilons": (1.0,)},
                 {"similarity_size": 0}],
)  # fmt: skip
def test_a_grid_that_counts_nothing_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpectraSettings.model_validate(settings)
