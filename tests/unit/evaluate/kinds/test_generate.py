"""The metrics of answers on rows as they are stored; the measures themselves: test_text_metrics."""

from rankscope.evaluate.kinds.generate import METRICS, TASK_METRICS


def answer(prediction: str, **columns: object) -> dict:
    row = {"prediction": prediction, "text": "Is it so?", "truncated": False,
           "references": ["yes"], "options": ["yes", "no"], "task": "t"}  # fmt: skip
    return row | columns


def scores(row: dict) -> dict[str, float | None]:
    return {metric.name: metric.score(row) for metric in METRICS}


def test_an_answer_is_scored_by_every_metric() -> None:
    assert scores(answer("Yes.")) == {
        "exact_match": 1.0, "rouge_l": 1.0, "out_of_options": 0.0, "empty": 0.0,
        "copies_input": 0.0, "truncated": 0.0,
    }  # fmt: skip
    assert scores(answer("is it so", truncated=True)) == {
        "exact_match": 0.0, "rouge_l": 0.0, "out_of_options": 1.0, "empty": 0.0,
        "copies_input": 1.0, "truncated": 1.0,
    }  # fmt: skip


def test_options_and_labels_are_only_asked_of_tasks_that_have_them() -> None:
    free = answer("yes", options=None)
    assert scores(free)["out_of_options"] is None
    assert not any(metric.applies(free) for metric in TASK_METRICS)
    assert all(metric.applies(answer("yes")) for metric in TASK_METRICS)


def test_labels_are_counted_over_a_task() -> None:
    rows = [answer("yes"), answer("no"), answer("yes", references=["no"]), answer("no")]
    assert {metric.name: metric.score(rows) for metric in TASK_METRICS} == {
        "label_entropy": 1.0,
        "label_entropy_of_references": 0.8112781244591328,
        "largest_label_share": 0.5,
    }


def test_what_says_how_answers_fail_is_beside_the_score() -> None:
    assert [metric.name for metric in METRICS if not metric.side] == ["exact_match", "rouge_l"]
    assert all(metric.side for metric in TASK_METRICS)
