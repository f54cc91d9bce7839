"""Claims on numbers of tasks: on the paper's printed tables, and on mixtures where they fail."""

import pytest

from mixture_evidence import EXACT, FIXED_TOTAL, mixtures_of, outcomes, small
from rankscope.report.chapters.mixtures import task_scaling
from rankscope.report.chapters.mixtures.subject import Mixtures


def test_the_paper_gains_from_more_tasks_in_48_of_48_cases(paper: Mixtures):
    verdicts = list(task_scaling.more_tasks_help(paper))
    assert len(verdicts) == 48
    assert set(outcomes(verdicts)) == {"confirmed"}
    found = {verdict.scope: verdict.value for verdict in verdicts}
    assert found["Full · T100 to Tall · seen"] == pytest.approx(53.77 - 51.57)
    assert found["LoRA r=4 · T100 to Tall · unseen (ROUGE-L)"] == pytest.approx(42.22 - 39.25)


def test_the_paper_advantage_shrinks(paper: Mixtures):
    by_metric = {verdict.scope: verdict for verdict in task_scaling.advantage_shrinks(paper)}
    exact, rouge = by_metric["T100 to Tall · unseen"], by_metric["T100 to Tall · unseen (ROUGE-L)"]
    assert (exact.value, rouge.value) == (pytest.approx(2.07), pytest.approx(3.22))
    assert (exact.verdict, rouge.verdict) == ("confirmed", "confirmed")
    assert exact.note.startswith("r=4096: 2.61 and 0.54")
    assert rouge.note.startswith("r=4096: 4.87 and 1.65")


def test_fewer_examples_of_each_task_cost_on_seen_tasks_and_high_ranks_lead():
    score = {
        ("intra", "T*100"): 0.5, ("intra", "T*500"): 0.4, ("inter", "T*100"): 0.2,
        ("inter", "T*500"): 0.3,
    }  # fmt: skip
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: [score[kind, label] + (rank == 2048) / 100] * 2,
        FIXED_TOTAL, (16, 2048), metrics=(EXACT,),
    )  # fmt: skip
    (mixtures,) = Mixtures.of(builder.build())
    cost = list(task_scaling.more_tasks_cost(mixtures))
    assert [v.scope.split(" · ")[0] for v in cost] == ["Full", "LoRA r=16", "LoRA r=2048"]
    assert [(v.verdict, v.value) for v in cost] == [("confirmed", pytest.approx(-10))] * 3
    ahead = list(task_scaling.high_rank_above_full(mixtures))
    assert [v.scope for v in ahead] == ["T*100 · unseen", "T*500 · unseen"]
    assert [(v.verdict, v.value) for v in ahead] == [("confirmed", pytest.approx(1))] * 2
    # the sets differ in examples per task: no series at one number of them
    assert [v.verdict for v in task_scaling.more_tasks_help(mixtures)] == ["not measured"]


def test_more_tasks_that_hurt_deny_that_they_help():
    worse = small(lambda kind, label, rank: 0.5 if label == "T2" else 0.3)
    verdicts = list(task_scaling.more_tasks_help(worse))
    assert [(v.verdict, v.value) for v in verdicts] == [("denied", pytest.approx(-20))] * 10


def test_an_advantage_that_grows_denies_that_it_shrinks():
    lead = {"T2": 0.1, "T8": 0.2}
    growing = small(lambda kind, label, rank: 0.5 + (lead[label] if rank == 32 else 0))
    (verdict,) = task_scaling.advantage_shrinks(growing)
    assert (verdict.verdict, verdict.value) == ("denied", pytest.approx(-10))


def test_methods_without_a_pair_of_mixtures_are_named():
    rising = small(
        lambda kind, label, rank: 0.5 if label == "T2" else 0.6, unplanned=[("T8", 32)],
        diverged=[(4, 0), (4, 1)],
    )  # fmt: skip
    verdicts = list(task_scaling.more_tasks_help(rising))
    missing = "LoRA r=4 (1 of 3 samplings on T2, 1 of 3 samplings on T8)"
    assert {v.scope.split(" · ")[0] for v in verdicts} == {"Full", "LoRA r=8", "LoRA r=16"}
    for verdict in verdicts:
        assert f"not judged: {missing}, LoRA r=32 (not planned on T8)" in verdict.note
