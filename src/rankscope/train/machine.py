"""What a run needs of the machine it runs on: a library that is an extra, a GPU.

Guarantees: says what is missing and what to do, without importing what it looks for, but for torch
where a run needs a GPU. None of it is part of a run: where it runs does not change what it is.
"""

from importlib.util import find_spec

from rankscope.errors import ModelError
from rankscope.records.runs import Run


def missing_library(run: Run) -> str | None:
    """Say which library the run needs and this machine lacks, or nothing."""
    wants = []
    if run.method.quantisation is not None:
        wants.append(f"`quantisation: {run.method.quantisation}`")
    if run.recipe.optimizer.needs_bitsandbytes:
        wants.append(f"`optimizer: {run.recipe.optimizer.label}`")
    if not wants or find_spec("bitsandbytes") is not None:
        return None
    return (
        f"{' and '.join(wants)} needs bitsandbytes, which is not installed here; install the extra:"
        " pip install 'rankscope[quantised]'"
    )


def missing_gpu(run: Run) -> str | None:
    """Say why the run needs a GPU, where this machine has none that torch can use, or nothing."""
    optimizer = run.recipe.optimizer
    if not optimizer.needs_gpu:
        return None
    import torch

    if torch.cuda.is_available():
        return None
    return (
        f"`optimizer: {optimizer.label}` pages its state between the memory of a GPU and that"
        " of the machine, and torch finds no GPU here; run it where there is one, or write"
        f" `optimizer: {optimizer.without_gpu.label}`"
    )


def require(run: Run) -> None:
    """Refuse a run that this machine cannot do.

    Raises:
        ModelError: a library or a GPU is missing; says what to do.
    """
    missing = missing_library(run) or missing_gpu(run)
    if missing:
        raise ModelError(f"{run.name}: {missing}")
