"""Batches of labelled pairs."""

from rankscope.text.pairs import Layout
from rankscope.train.feeds.labelled import Collator, LabelledPair


def test_a_batch_has_its_labels() -> None:
    batch = Collator(Layout(padding=9, has_segments=False))(
        [LabelledPair([1, 2], [0, 0], label=1), LabelledPair([3], [0], label=0)]
    )
    assert batch["labels"].tolist() == [1, 0]
    assert batch["input_ids"].tolist() == [[1, 2], [3, 9]]
