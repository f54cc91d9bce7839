"""What optimizers say of themselves."""

from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from rankscope.records.optimizers import AdamW, Optimizer

WORDS = ("adamw", "adamw-8bit", "paged-adamw-8bit", "paged-adamw-32bit")


@pytest.mark.parametrize("word", WORDS)
def test_a_word_stands_for_the_record_that_calls_itself_so(word: str) -> None:
    read = TypeAdapter(Optimizer).validate_python(word)
    assert read.label == word
    assert read == AdamW(bits=8 if "8bit" in word else 32, paged="paged" in word)


@pytest.mark.parametrize(
    ("optimizer", "library", "gpu", "instead"),
    [
        (AdamW(), False, False, "adamw"),
        (AdamW(bits=8), True, False, "adamw-8bit"),
        (AdamW(bits=8, paged=True), True, True, "adamw-8bit"),
        (AdamW(paged=True), True, True, "adamw"),
    ],
)
def test_it_knows_what_it_needs(optimizer: AdamW, library: bool, gpu: bool, instead: str) -> None:
    assert (optimizer.needs_bitsandbytes, optimizer.needs_gpu) == (library, gpu)
    assert optimizer.without_gpu.label == instead


def test_its_constants_are_part_of_what_it_is() -> None:
    assert AdamW(betas=(0.9, 0.95)).identity() != AdamW().identity()
    assert get_args(Optimizer)[0] is AdamW


@pytest.mark.parametrize("wrong", [{"betas": (0.9, 1.0)}, {"eps": 0.0}, {"bits": 16}])
def test_constants_that_make_no_optimizer_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AdamW.model_validate(wrong)
