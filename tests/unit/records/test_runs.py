"""Runs and the bases that they lead to: what a line of them says of itself."""

import pytest

from rankscope.records.bases import HubBase, LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import MergedBase, QuantisedBase, Run

HUB = HubBase(source="hub", repository="owner/name", revision="0" * 40)
LOCAL = LocalBase(source="local", path="models/mine")
ONE, TWO = (TextFiles(source="text", path=f"{name}.txt") for name in ("one", "two"))


def run_on(base, data=ONE, method=None, rate: float = 1e-3) -> Run:
    method = method or Lora(rank=4, alpha=8.0)
    recipe = Recipe(learning_rate=rate, steps=4)
    return Run(base=base, data=data, method=method, recipe=recipe, seed=0)


def line(rate: float = 1e-3) -> tuple[Run, MergedBase, Run, MergedBase]:
    first = run_on(HUB, rate=rate)
    merged = MergedBase(run=first)
    second = run_on(merged, TWO, FullFineTuning())
    return first, merged, second, MergedBase(run=second)


def test_a_line_remembers_its_root_and_what_it_learned_from() -> None:
    *_, merged = line()
    assert merged.root is HUB
    assert merged.learned_from == (ONE, TWO)
    quantised = QuantisedBase(of=merged, quantisation="nf4")
    assert (quantised.root, quantised.learned_from) == (HUB, (ONE, TWO))
    assert HUB.learned_from == ()


def test_a_link_is_made_from_the_base_and_the_run_before_it() -> None:
    first, merged, second, last = line()
    assert merged.sources == (HUB, first)
    assert second.sources == (second.packed, merged)
    assert last.sources == (merged, second)


def test_a_quantised_run_is_merged_onto_what_it_was_trained_on() -> None:
    run = run_on(LOCAL, method=Lora(rank=4, alpha=8.0, quantisation="nf4"))
    assert MergedBase(run=run).sources == (QuantisedBase(of=LOCAL, quantisation="nf4"), run)


def test_the_tokenizer_is_the_root_s() -> None:
    first, _, second, _ = line()
    assert second.packed.tokenizer is HUB
    assert run_on(MergedBase(run=first), ONE).packed == first.packed


def test_a_change_of_the_first_run_renames_what_follows() -> None:
    before, after = line(), line(rate=2e-3)
    assert not {each.name for each in before} & {each.name for each in after}
    assert before[0].packed.name == after[0].packed.name


def test_a_step_is_part_of_what_is_merged() -> None:
    run = run_on(HUB)
    assert MergedBase(run=run, step=2).name != MergedBase(run=run).name


@pytest.mark.parametrize(
    ("base", "name", "revision"),
    [(HUB, "owner/name", "0" * 40), (LOCAL, "models/mine", None)],
)
def test_what_was_not_made_here_has_a_name_of_its_own(base, name, revision) -> None:
    assert (base.reference.name, base.reference.revision) == (name, revision)


def test_what_was_made_here_has_none() -> None:
    assert MergedBase(run=run_on(HUB)).reference is None


def test_a_line_is_read_back_from_json() -> None:
    *_, last = line()
    read = MergedBase.model_validate_json(last.model_dump_json(), strict=True)
    assert read == last
    assert read.name == last.name
