"""What a run needs of its machine: said with the way out, and nothing where nothing is missing."""

import pytest

from rankscope.errors import ModelError
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import Lora
from rankscope.records.optimizers import AdamW
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train import machine
from rankscope.train.machine import missing_gpu, missing_library, require


def run(optimizer: AdamW = AdamW(), **method: object) -> Run:
    return Run(
        base=LocalBase(source="local", path="models/mine"),
        data=TextFiles(source="text", path="one.txt"),
        method=Lora.model_validate({"kind": "lora", "rank": 4, "alpha": 8.0} | method),
        recipe=Recipe(learning_rate=1e-3, steps=4, optimizer=optimizer), seed=0,
    )  # fmt: skip


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without bitsandbytes and without a GPU."""
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


def test_a_plain_run_needs_nothing(bare: None) -> None:
    assert missing_library(run()) is None
    assert missing_gpu(run()) is None
    require(run())


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (run(quantisation="nf4"), "`quantisation: nf4`"),
        (run(AdamW(bits=8)), "`optimizer: adamw-8bit`"),
        (run(AdamW(bits=8), quantisation="nf4"), "`quantisation: nf4` and `optimizer: adamw-8bit`"),
    ],
)
def test_a_missing_library_is_named_with_what_wants_it(bare: None, wanted: Run, named: str) -> None:
    assert missing_library(wanted) == (
        f"{named} needs bitsandbytes, which is not installed here; install the extra:"
        " pip install 'rankscope[quantised]'"
    )
    with pytest.raises(ModelError, match=rf"^{wanted.name}: "):
        require(wanted)


def test_without_a_gpu_the_optimizer_that_needs_none_is_named(
    bare: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged = run(AdamW(bits=8, paged=True))
    said = missing_gpu(paged)
    assert said is not None
    assert said.endswith("or write `optimizer: adamw-8bit`")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert missing_gpu(paged) is None
