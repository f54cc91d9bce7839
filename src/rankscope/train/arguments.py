"""From a recipe to the arguments of transformers' `Trainer`.

Guarantees: what a recipe says is handed over as it stands, and nothing that decides weights is left
to the defaults of transformers' options for machines: a run computes on one device. How an
optimizer or a schedule is called there says the module of its kind.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from rankscope.records.optimizers import Optimizer
from rankscope.records.runs import Run
from rankscope.records.schedules import Schedule
from rankscope.train.feed import Feed


def training_arguments(run: Run, feed: Feed, folder: Path) -> TrainingArguments:
    """Translate a recipe for the transformers `Trainer`; a run computes on one device."""
    recipe = run.recipe
    micro_batch = recipe.micro_batch_size or recipe.batch_size
    in_bfloat16 = recipe.precision == "bfloat16"
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=feed.steps,
        per_device_train_batch_size=micro_batch,
        gradient_accumulation_steps=recipe.batch_size // micro_batch,
        train_sampling_strategy="sequential" if feed.in_order else "random",
        remove_unused_columns=False,
        dataloader_drop_last=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        learning_rate=recipe.learning_rate,
        warmup_steps=round(recipe.warmup_fraction * feed.steps),
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_gradient_norm,
        bf16=in_bfloat16,
        # without it the Trainer refuses bfloat16 where there is no GPU, though the CPU can do it
        use_cpu=in_bfloat16 and not torch.cuda.is_available(),
        seed=run.seed,
        data_seed=run.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        save_total_limit=2,
        disable_tqdm=True,
        report_to="none",
        **_arguments_of("optimizers", recipe.optimizer),
        **_arguments_of("schedules", recipe.schedule),
    )
    # The Trainer would spread a run over all GPUs that it sees (DataParallel), which multiplies the
    # batch and so changes the result. There is no public argument against it.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _arguments_of(part: str, record: Optimizer | Schedule) -> dict[str, Any]:
    """What the module of the record's kind says of it."""
    of_kind = import_module(f"{__package__}.{part}.{record.kind}")
    arguments: dict[str, Any] = of_kind.arguments(record)
    return arguments
