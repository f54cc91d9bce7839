"""The verb of the train stage: a thin shell, without heavy imports."""


def train() -> None:
    """Train one run."""
