"""From a study file to runs: names, order, and what an edit does to them."""

import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import rankscope
from rankscope.errors import StudyError
from rankscope.records.bases import LocalBase
from rankscope.records.data import Continuations, TextFiles
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study
from study_text import STUDY, edited

properties = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ranks = st.lists(st.integers(1, 64), min_size=1, max_size=4, unique=True)
seeds = st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True)
rates = st.sampled_from([1e-5, 3e-5, 1e-4, 3e-4, 1e-3])

recipes = st.builds(
    Recipe,
    learning_rate=rates,
    steps=st.integers(1, 3),
    batch_size=st.sampled_from([1, 2]),
    schedule=st.sampled_from(["linear", "cosine"]),
)
methods = st.one_of(
    st.builds(FullFineTuning),
    st.builds(Lora, rank=st.integers(1, 3), alpha=st.sampled_from([1.0, 2.0])),
)
runs = st.builds(
    Run,
    base=st.builds(LocalBase, source=st.just("local"), path=st.sampled_from(["a", "b"])),
    data=st.builds(TextFiles, source=st.just("text"), path=st.sampled_from(["c", "d"])),
    method=methods,
    recipe=recipes,
    seed=st.integers(0, 2),
)


def load(folder: Path, text: str) -> tuple[Run, ...]:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path).runs


def names(folder: Path, text: str) -> list[str]:
    return [run.name for run in load(folder, text)]


def with_grid(grid: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(yaml.safe_load(STUDY) | {"grid": grid})


def lora(rank: list[int], rate: float = 1e-3) -> dict[str, Any]:
    return {"method": "lora", "rank": rank, "learning_rate": rate}


@properties
@given(runs, runs)
def test_two_runs_share_a_name_exactly_when_they_are_the_same(one: Run, other: Run) -> None:
    assert (one.name == other.name) == (one.canonical() == other.canonical())


@properties
@given(ranks, seeds)
def test_a_block_is_the_product_of_its_lists(
    tmp_path: Path, ranks: list[int], seeds: list[int]
) -> None:
    found = load(tmp_path, with_grid([lora(ranks) | {"seeds": seeds}]))
    assert [(run.method.rank, run.seed) for run in found] == list(product(ranks, seeds))
    assert all(isinstance(run.method, Lora) and run.method.alpha_value == 2 * run.method.rank
               for run in found)  # fmt: skip


@properties
@given(ranks, st.integers(65, 99))
def test_a_further_rank_leaves_the_other_names_alone(
    tmp_path: Path, ranks: list[int], further: int
) -> None:
    before = names(tmp_path, with_grid([lora(ranks)]))
    after = names(tmp_path, with_grid([lora([*ranks, further])]))
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2, "one more rank, two seeds"


@properties
@given(rates, rates)
def test_a_changed_learning_rate_is_another_run_and_changing_it_back_restores_it(
    tmp_path: Path, rate: float, other: float
) -> None:
    first = names(tmp_path, with_grid([lora([4], rate)]))
    second = names(tmp_path, with_grid([lora([4], other)]))
    assert (rate == other) == (first == second) == bool(set(first) & set(second))
    assert names(tmp_path, with_grid([lora([4], rate)])) == first


@properties
@given(st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_keys(tmp_path: Path, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(entry) for entry in value] if isinstance(value, list) else value

    text = yaml.safe_dump(shuffled(yaml.safe_load(STUDY)), sort_keys=False)
    assert names(tmp_path, text) == names(tmp_path, STUDY)


def test_names_are_the_same_in_every_process(tmp_path: Path) -> None:
    here = names(tmp_path, STUDY)
    program = (
        "import sys; from rankscope.studies.expand import load_study;"
        "print(*(run.name for run in load_study(sys.argv[1]).runs))"
    )
    source = str(Path(rankscope.__file__).parents[1])  # whatever else is installed
    for hash_seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "mine.yaml")],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": source},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == here


def test_names_do_not_depend_on_labels_or_on_how_a_value_is_written(tmp_path: Path) -> None:
    text = STUDY.replace("code", "kode").replace("content: kode", "content: code")
    assert names(tmp_path, text) == names(tmp_path, STUDY)
    explicit = edited(
        ("learning_rate: 1.0e-3", "learning_rate: [0.001]"),
        ("alpha: 2r", "alpha: 2r, dropout: 0.0, target_modules: all-linear"),
        ("train_on: code", "train_on:\n  - code"),
        ("seeds: [0, 1]", "seeds:\n- 0\n- 1"),
    )
    assert names(tmp_path, explicit) == names(tmp_path, STUDY)


def test_a_run_s_name_tells_its_method_and_rank(tmp_path: Path) -> None:
    stems = [name.rsplit("-", 1)[0] for name in names(tmp_path, STUDY)]
    assert stems == ["full"] * 2 + ["lora-r1"] * 2 + ["lora-r4"] * 2 + ["lora-r16"] * 2


@pytest.mark.parametrize(
    ("alpha", "values"),
    [("r", [4.0, 16.0]), ("2r", [8.0, 32.0]), ("sqrt(r)", [2.0, 4.0]), ("32", [32.0, 32.0])],
)
def test_alpha_follows_the_rank_by_rule(tmp_path: Path, alpha: str, values: list[float]) -> None:
    text = edited(("alpha: 2r", f"alpha: {alpha}"), ("[1, 4, 16]", "[4, 16]"), ("[0, 1]", "[0]"))
    found = [run.method.alpha_value for run in load(tmp_path, text) if run.method.rank]
    assert found == values


def test_series_that_meet_at_a_rank_are_two_families_there_too(tmp_path: Path) -> None:
    text = edited(("alpha: 2r", "alpha: [2r, 8]"), ("[0, 1]", "[0]"))
    runs = [run for run in load(tmp_path, text) if run.method.rank == 4]
    assert [run.method.alpha_value for run in runs] == [8.0, 8.0]
    assert [run.method.family for run in runs] == ["LoRA α=2r", "LoRA α=8"]
    assert len({run.name for run in runs}) == 2


def test_a_block_says_otherwise_than_the_study(tmp_path: Path) -> None:
    block = "learning_rate: 1.0e-3, seeds: 7, train_on: english, recipe: {batch_size: 4}"
    first, *others = load(tmp_path, edited(("learning_rate: 1.0e-3", block)))
    assert (first.seed, first.recipe.batch_size, first.recipe.steps) == (7, 4, 250)
    assert first.data.model_dump()["content"] == "english"
    assert {(run.seed, run.recipe.batch_size) for run in others} == {(0, 16), (1, 16)}
    assert len(others) == 6


def test_variants_may_be_defined_in_any_order_and_in_place(tmp_path: Path) -> None:
    written = yaml.safe_load(STUDY)
    written["data"] = dict(reversed(written["data"].items()))
    assert names(tmp_path, yaml.safe_dump(written, sort_keys=False)) == names(tmp_path, STUDY)
    written["train_on"] = written["data"].pop("code")
    written["evaluate"]["small"][0]["data"] = written["train_on"]
    assert names(tmp_path, yaml.safe_dump(written, sort_keys=False)) == names(tmp_path, STUDY)


def test_labels_are_unknown_outside_a_study_file() -> None:
    with pytest.raises(ValidationError, match="no data variant is called"):
        Continuations.model_validate({"source": "continuations", "documents": "english"})


def test_a_study_is_found_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("workflow/studies").mkdir(parents=True)
    Path("workflow/studies/mine.yaml").write_text(STUDY, encoding="utf-8")
    assert load_study("mine") == load_study("workflow/studies/mine.yaml")
    with pytest.raises(StudyError, match=r"workflow/studies/your\.yaml: .* has: mine"):
        load_study("your")


def test_anchors_spare_repetition(tmp_path: Path) -> None:
    text = edited(
        ("recipe:\n", "recipe: &usual\n"),
        ("alpha: 2r", "alpha: 2r, recipe: {<<: *usual, steps: 9}"),
    )
    full, *_, last = load(tmp_path, text)
    assert (full.recipe.steps, last.recipe.steps) == (250, 9)
    assert last.recipe.keep == (0.1, 0.5, 1.0)


def test_kept_steps_are_those_of_the_fractions() -> None:
    recipe = Recipe(learning_rate=1e-3, steps=250, keep=(0.1, 0.25, 0.5, 1.0))
    assert recipe.kept_steps(250) == (25, 62, 125, 250)
    assert recipe.kept_steps(3) == (1, 2, 3)
    assert recipe.kept_steps(1) == (1,)


def test_the_documented_study_is_a_study(tmp_path: Path) -> None:
    guide = Path(__file__).parents[3] / "workflow/studies/README.md"
    text = guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert len(load(tmp_path, text)) == 3 * (1 + 3 * 2)
