"""What rankscope adds to the transformers `Trainer`, as callbacks.

Guarantees: none of them changes a weight, a gradient or a random number; a run with them is the
run without them. They expect `logging_steps=1`, so that every optimizer step is seen.
"""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rankscope.artefacts.files import replacing_folder
from rankscope.artefacts.layout import step_folder
from rankscope.progress import Progress
from rankscope.train.resume import seal

logger = logging.getLogger(__name__)


class ProgressLines(TrainerCallback):
    """Log steps, loss and time left."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._progress: Progress | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock; a resumed run starts at the step it resumes from."""
        self._progress = Progress(self._what, state.max_steps, done=state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Count one optimizer step."""
        if self._progress is not None and logs and "loss" in logs:
            self._progress.advance(note=f"loss {logs['loss']:.3f}")


class StopOnDivergence(TrainerCallback):
    """End the run at the first step whose loss or gradient is not a finite number."""

    def __init__(self) -> None:
        self.diverged_at: int | None = None

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Look at the step's loss and gradient norm."""
        watched = [logs[key] for key in ("loss", "grad_norm") if logs and key in logs]
        if all(math.isfinite(value) for value in watched):
            return
        if self.diverged_at is None:
            self.diverged_at = state.global_step
            logger.warning("step %d: the loss is not finite, the run stops here", state.global_step)
        control.should_training_stop = True
        control.should_save = False


class KeepWeights(TrainerCallback):
    """Save the weights at the kept steps, if they are finite.

    A kept step is also a checkpoint to resume from, but for the last: the Trainer would take one
    step more from there. `save` writes the model into the folder it is given.
    """

    def __init__(self, steps: tuple[int, ...], folder: Path, save: Callable[[Path], None]) -> None:
        self._steps, self._folder, self._save = frozenset(steps), folder, save

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        model: torch.nn.Module | None = None,
        **_: Any,
    ) -> None:
        """Keep this step if it is one of the kept ones."""
        if not logs or "loss" not in logs or state.global_step not in self._steps or model is None:
            return
        if not all(bool(torch.isfinite(weight).all()) for weight in model.parameters()):
            return
        with replacing_folder(self._folder / step_folder(state.global_step)) as temporary:
            self._save(temporary)
        control.should_save = state.global_step < state.max_steps


class CheckpointByTime(TrainerCallback):
    """Ask for a checkpoint whenever `seconds` have passed since the last one, and seal each.

    A checkpoint without the seal was being written when the process was killed; it is not resumed.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Ask for a checkpoint when it is time, and never at the end of the run."""
        if state.global_step >= state.max_steps:
            control.should_save = False
        elif time.monotonic() - self._last >= self._seconds:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Seal the checkpoint just written."""
        self._last = time.monotonic()
        seal(Path(args.output_dir), state.global_step)
