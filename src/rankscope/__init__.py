"""rankscope: full fine-tuning or LoRA, and at which rank?

Guarantees: importing this package is cheap; torch, transformers, peft and lm-eval are imported
inside the stages that need them.
"""

from importlib.metadata import version

__version__ = version("rankscope")
