"""Numbers as a reader sees them: a true minus sign, and no zero that is negative."""


def written(value: float, digits: int, signed: bool = False) -> str:
    """Write `value` with this many decimals; what rounds to zero has no minus."""
    rounded = round(value, digits) + 0.0
    text = f"{rounded:+.{digits}f}" if signed else f"{rounded:.{digits}f}"
    return text.replace("-", "−")


def number(value: float, signed: bool = False) -> str:
    """Write a number with three decimals where they matter."""
    return written(value, 3 if abs(value) < 10 else 1, signed)


def significant(value: float, digits: int = 3) -> str:
    """Write a number with this many significant digits, without trailing zeros."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def count(value: float) -> str:
    """Write a whole number, thousands apart."""
    return f"{round(value):,d}".replace(",", "\u202f").replace("-", "−")
