"""Packed data: one for a tokenizer and a length, whatever was made of the base since."""

import pytest
from pydantic import ValidationError

from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.packed import Packed

DATA = TextFiles(source="text", path="one.txt")
BASE = LocalBase(source="local", path="models/mine")


def test_data_tokenizer_and_length_decide_the_name() -> None:
    one = Packed(data=DATA, tokenizer=BASE, length=64)
    assert one.name == Packed(data=DATA, tokenizer=BASE, length=64).name
    others = [
        Packed(data=DATA, tokenizer=BASE, length=128),
        Packed(data=DATA, tokenizer=LocalBase(source="local", path="other"), length=64),
        Packed(data=TextFiles(source="text", path="two.txt"), tokenizer=BASE, length=64),
    ]
    assert len({one.name, *(each.name for each in others)}) == 4
    assert one.sources == (DATA, BASE)


@pytest.mark.parametrize("length", [1, 0, -3, 10**12, 64.0])
def test_a_length_that_no_sequence_has_is_refused(length: float) -> None:
    with pytest.raises(ValidationError):
        Packed(data=DATA, tokenizer=BASE, length=length)
