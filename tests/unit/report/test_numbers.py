"""Numbers as a reader sees them, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.report.numbers import count, number, significant, written


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [(-0.0004, 3, False, "0.000"), (-0.0004, 3, True, "+0.000"), (-1.25, 1, False, "−1.2"),
     (2.0, 0, False, "2"), (0.5, 2, True, "+0.50")],
)  # fmt: skip
def test_what_rounds_to_zero_has_no_minus(value, digits, signed, text):
    assert written(value, digits, signed) == text


@given(st.floats(-1e6, 1e6))
def test_what_is_written_is_within_half_of_the_last_digit(value):
    text = written(value, 3)
    assert "-" not in text
    assert abs(float(text.replace("−", "-")) - value) <= 0.0005 + 1e-9


def test_decimals_where_they_matter():
    assert number(9.9994) == "9.999"
    assert number(10.04) == "10.0"
    assert number(-12.34, signed=True) == "−12.3"


def test_significant_digits_and_thousands():
    assert significant(0.00012345) == "0.000123"
    assert significant(-0.0) == "0"
    assert significant(1200.0, 4) == "1200"
    assert count(1234567.4) == "1\u202f234\u202f567"
    assert count(-1234) == "−1\u202f234"
