"""Metrics as a reader spells them."""

OWN_SPELLING = {"rouge_l": "ROUGE-L"}


def spelled(metric: str) -> str:
    """Return `exact match` for `exact_match`, and `ROUGE-L` for `rouge_l`."""
    return OWN_SPELLING.get(metric, metric.replace("_", " "))
