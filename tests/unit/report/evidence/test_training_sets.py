"""Training sets: one per mixture, whatever the samplings; comparisons are on the headline one."""

from evidence_builder import EvidenceBuilder
from rankscope.records.instructions import Mixture
from rankscope.records.runs import Run
from rankscope.report.evidence.gather import Gathered
from rankscope.report.evidence.tables import build_tables
from rankscope.report.evidence.training_sets import TrainingSet, training_sets
from rankscope.report.verdicts.subject import Subject

BASE = {"source": "local", "path": "base"}
RECIPE = {"learning_rate": 1e-3, "epochs": 1.0, "batch_size": 4, "sequence_length": 64}


def run_on(seed: int = 0, **mixture: object) -> Run:
    given = {"source": "mixture", "tasks": {"source": "made-tasks"}, "sampling_seed": seed}
    data = Mixture.model_validate(given | mixture)
    return Run.model_validate(
        {"base": BASE, "data": data, "method": {"kind": "full"}, "recipe": RECIPE, "seed": seed}
    )


def test_all_samplings_of_a_mixture_are_one_training_set():
    runs = [run_on(seed, size=6) for seed in (0, 1)]
    found = training_sets(runs, lambda _: None)
    assert len(found) == 2
    assert set(found.values()) == {TrainingSet("T6", "T6", 6, 600, "made-tasks")}


def test_all_tasks_are_labelled_with_their_number_and_keep_the_name_of_the_series():
    runs = [run_on(size="all", nested=(6,)), run_on(size=6, examples_per_task=50)]
    sets = training_sets(runs, lambda _: 57)
    assert sets[runs[0].data.name] == TrainingSet("T57", "Tall", 57, 5700, "made-tasks")
    undrawn = training_sets(runs, lambda _: None)[runs[0].data.name]
    assert (undrawn.label, undrawn.tasks) == ("Tall", None)


def test_one_drawn_sampling_tells_the_size_of_all():
    runs = [run_on(seed, size="all", nested=(6,)) for seed in (0, 1, 2)]
    for drawn in runs:
        sets = training_sets(runs, {drawn.data.name: 57}.get)
        assert {each.label for each in sets.values()} == {"T57"}
        assert {each.tasks for each in sets.values()} == {57}


def test_two_mixtures_of_one_series_are_told_apart():
    runs = [run_on(size=6, examples_per_task=50), run_on(size=6)]
    labels = {each.label for each in training_sets(runs, lambda _: None).values()}
    assert len(labels) == 2


def evidence_on_two_sets() -> EvidenceBuilder:
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0, 0.0]})
    for trained_on, score in (("T6", 0.25), ("T12", 0.5), ("T*6", 1.0)):
        for rank in (None, 2) if trained_on != "T*6" else (None,):
            for seed in (0, 1):
                run = builder.run(rank, seed, trained_on=trained_on)
                builder.scores(run, "code", {5: [score, score]})
    return builder


def test_the_headline_set_is_the_last_of_those_with_most_methods():
    evidence = evidence_on_two_sets().build()
    assert evidence.headline_set == "T12"
    about = Subject.of(evidence, None)
    assert [condition.label for condition in about.conditions] == ["Full on T12", "LoRA r=2 on T12"]
    assert about.gain(about.conditions[0], "code", 5)[0] == 0.5


def test_tables_on_the_headline_set_do_not_name_it():
    evidence = evidence_on_two_sets().build()
    empty = {name: getattr(evidence, name) for name in ("matrices", "intruders", "vectors")}
    tables = build_tables(
        Gathered(
            runs=evidence.runs, items=evidence.items, loss=evidence.matrices.head(0),
            similarity=evidence.matrices.head(0), manifests=(), **empty,
        )
    )  # fmt: skip
    assert tables.summary["condition"].n_unique() == 6
    shown = tables.on_headline_set()
    assert shown.summary["condition"].to_list() == ["Base", "Full", "LoRA r=2"]
    assert shown.summary["mean"].to_list() == [0.0, 0.5, 0.5]
    assert set(shown.runs["trained_on"].drop_nulls()) == {"T12"}
    assert set(shown.items["run"]) == set(shown.runs["run"])
