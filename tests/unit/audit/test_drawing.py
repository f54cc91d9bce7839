"""The small figures of an inspection."""

from rankscope.audit.drawing import short_labels


def test_labels_stay_distinct():
    long = [f"{half}.block.layer.SelfAttention.{kind}" for half in "ab" for kind in ("q", "v")]
    assert short_labels([*long, "o_proj"])[0] == "a…SelfAttention.q"
    ambiguous = ["encoder.first.inner.layer.dense", "encoder.second.inner.layer.dense"]
    assert short_labels(ambiguous) == ambiguous
