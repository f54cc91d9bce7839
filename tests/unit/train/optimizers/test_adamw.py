"""How transformers calls AdamW, in all its forms."""

import pytest
import torch
from transformers import Trainer, TrainingArguments
from transformers.training_args import OptimizerNames

from rankscope.records.optimizers import AdamW
from rankscope.train.optimizers.adamw import arguments


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (AdamW(), "adamw_torch"),
        (AdamW(bits=8), "adamw_8bit"),
        (AdamW(bits=8, paged=True), "paged_adamw_8bit"),
        (AdamW(paged=True), "paged_adamw_32bit"),
    ],
)
def test_its_name_is_one_that_the_trainer_knows(optimizer: AdamW, name: str) -> None:
    assert arguments(optimizer)["optim"] == name
    assert name in {known.value for known in OptimizerNames}


def test_its_constants_arrive_in_torch_s_optimizer(tmp_path) -> None:
    said = arguments(AdamW(betas=(0.8, 0.95), eps=1e-6))
    given = TrainingArguments(output_dir=str(tmp_path), report_to="none", **said)
    trainer = Trainer(model=torch.nn.Linear(2, 2), args=given)
    made = trainer.create_optimizer()
    assert type(made) is torch.optim.AdamW
    assert (made.defaults["betas"], made.defaults["eps"]) == ((0.8, 0.95), 1e-6)
