"""The encoder under the name that programs outside the package import."""

from rankscope.data import tokenizer
from rankscope.text.tokenizer import load_encoder


def test_it_is_the_encoder_of_the_package() -> None:
    assert tokenizer.load_encoder is load_encoder
