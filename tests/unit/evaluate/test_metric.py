from rankscope.evaluate.metric import Metric


def test_a_metric_is_spelled_with_spaces_unless_it_says_otherwise() -> None:
    plain = Metric(name="exact_match", unit="u", higher_is_better=True, score=lambda row: 1.0)
    own = Metric(
        name="rouge_l", unit="u", higher_is_better=True, spelling="ROUGE-L", score=lambda row: 1.0
    )
    assert plain.columns["spelling"] == "exact match"
    assert own.columns["spelling"] == "ROUGE-L"


def test_what_its_scores_say_of_it() -> None:
    metric = Metric(
        name="bits", unit="bits", higher_is_better=False, side=True, largest=None,
        score=lambda row: row["nats"],
    )  # fmt: skip
    assert metric.columns == {
        "metric": "bits", "spelling": "bits", "unit": "bits", "higher_is_better": False,
        "side": True, "largest": None,
    }  # fmt: skip
    assert metric.weight({"nats": 2.0}) == 1.0
