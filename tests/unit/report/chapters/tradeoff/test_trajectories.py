"""Scores over training, on a synthetic study and on evidence written by hand."""

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.tradeoff.trajectories import trajectories

MIXTURE = {"trained_on": "T2", "mixture": "T2", "tasks": 2, "examples": 200}


def test_intervals_of_trajectories_hold_their_mean(demo_tables):
    rows = trajectories(demo_tables).rows.filter(kind="mean")
    assert ((rows["low"] <= rows["mean"]) & (rows["mean"] <= rows["high"])).all()


def test_every_trace_starts_at_the_base_and_the_base_is_a_level(demo_tables):
    rows = trajectories(demo_tables).rows.filter(kind="mean", evaluation="code")
    start = rows.filter(step=0)
    assert set(start["condition"]) == {"Base", "Full", *(f"LoRA r={r}" for r in (1, 4, 16, 64))}
    assert start["mean"].n_unique() == 1
    assert set(start["x"]) == {0.0}, "nothing stands apart where all begin"
    level = rows.filter(condition="Base")
    assert level["mean"].n_unique() == 1
    assert (level["step"].min(), level["step"].max()) == (0, 250)


def study(steps, metric="accuracy", higher_is_better=True, **columns) -> EvidenceBuilder:
    builder = EvidenceBuilder()
    about = {"metric": metric, "higher_is_better": higher_is_better}
    builder.scores("base", "asked", {0: [0.5, 0.5]}, **about)
    for seed in range(2):
        run = builder.run(4, seed, **columns)
        builder.scores(run, "asked", {step: [0.25, 0.75 + seed / 8] for step in steps}, **about)
    return builder


def test_the_axis_says_which_way_is_better_and_holds_no_score_that_cannot_be():
    for upwards, said in ((True, "higher"), (False, "lower")):
        (panel,) = trajectories(tables_of(study((1, 2), higher_is_better=upwards))).panels
        y = panel.chart.to_dict()["layer"][0]["encoding"]["y"]
        assert y["title"] == f"accuracy, {said} is better"
        low, high = y["scale"]["domain"]
        assert 0 <= low < high <= 1


def test_single_seeds_are_their_own_scores():
    rows = trajectories(tables_of(study((1, 2)))).rows
    single = rows.filter(kind="seed", step=2).sort("seed")
    assert single["mean"].to_list() == [0.5, 0.5625]
    assert rows.filter(kind="mean", step=2, condition="LoRA r=4")["mean"].item() == 0.53125


def test_one_step_of_a_study_of_mixtures_is_no_line():
    assert trajectories(tables_of(study((5,), **MIXTURE))) is None
    assert trajectories(tables_of(study((5, 6), **MIXTURE))) is not None
    assert trajectories(tables_of(study((5,)))) is not None
    assert trajectories(tables_of(EvidenceBuilder())) is None
