"""rankscope: full fine-tuning or LoRA, and at which rank?

Guarantees: importing this package is cheap; torch, transformers, peft and lm-eval are imported
inside the stages that need them.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Look the version up when it is asked for: the library that knows it is slow to import."""
    if name == "__version__":
        from importlib.metadata import version

        return version("rankscope")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
