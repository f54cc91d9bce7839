"""LoRA on a model: how it starts, and ranks that limit nothing."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from rankscope.errors import ModelError
from rankscope.records.bases import Reference
from rankscope.records.heads import CausalLM
from rankscope.records.methods import Init, Lora
from rankscope.train.methods.lora import OF_PEFT
from rankscope.train.model import load_base, parameter_counts, trainable_model
from rankscope.train.saving import save
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model
from rankscope.weights.steps import load_step
from tiny_llama import save_base


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A family whose layers are no `torch.nn.Linear`: what a study check cannot foresee."""
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("gpt2")
    GPT2LMHeadModel(GPT2Config(vocab_size=320, n_embd=32, n_layer=1, n_head=4)).save_pretrained(
        folder
    )
    return folder


def lora(rank: int, **changes: object) -> Lora:
    return Lora(rank=rank, alpha=2.0 * rank, **changes)


def test_a_rank_that_limits_nothing_needs_its_word(gpt2: Path) -> None:
    with pytest.raises(
        ModelError,
        match=r"rank 33 .*transformer\.h\.0\.attn\.c_attn \(96 × 32\).*at most 32"
        r".*`allow_rank_above_dimension: true`",
    ):
        trainable_model(gpt2, lora(33), "float32", CausalLM())
    trainable_model(gpt2, lora(32), "float32", CausalLM())
    trainable_model(gpt2, lora(33, allow_rank_above_dimension=True), "float32", CausalLM())


def test_the_smallest_adapted_matrix_decides(llama: Path) -> None:
    # keys and values have 16 rows, two heads of 8; queries and outputs have 32
    with pytest.raises(ModelError, match=r"k_proj \(16 × 32\).*at most 16"):
        trainable_model(llama, lora(17), "float32", CausalLM())
    trainable_model(llama, lora(17, target_modules=("q_proj", "o_proj")), "float32", CausalLM())


def started(base: Path, seed: int = 0, **options: object) -> PeftModel:
    torch.manual_seed(seed)
    return trainable_model(base, lora(8, **options), "float32", CausalLM())


def factors(model: PeftModel, which: str) -> dict[str, torch.Tensor]:
    """The A or B of every adapted matrix, without gradients."""
    named = {name: weight.detach() for name, weight in model.named_parameters()}
    return {name: weight for name, weight in named.items() if f"lora_{which}" in name}


PLAIN = ("kaiming-uniform", "gaussian", "orthonormal")


@pytest.mark.parametrize("init", PLAIN)
def test_it_starts_as_the_base(llama: Path, init: str) -> None:
    model = started(llama, init=init)
    assert not any(b.any() for b in factors(model, "B").values())
    tokens = torch.arange(24).reshape(2, 12)
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, load_base(llama, CausalLM())(tokens).logits)


def test_a_starts_uniform_by_default_as_peft_starts_it(llama: Path) -> None:
    torch.manual_seed(0)
    theirs = get_peft_model(
        load_base(llama, CausalLM()),
        LoraConfig(task_type="CAUSAL_LM", r=8, target_modules="all-linear"),
    )
    ours = factors(started(llama), "A")
    assert all(torch.equal(ours[name], a) for name, a in factors(theirs, "A").items())
    for a in ours.values():
        bound = a.shape[1] ** -0.5
        assert 0.9 * bound < a.abs().max() <= bound
        assert a.std().item() == pytest.approx(bound / 3**0.5, rel=0.15)


def test_a_gaussian_start_has_the_deviation_of_one_over_the_rank(llama: Path) -> None:
    drawn = torch.cat([a.flatten() for a in factors(started(llama, init="gaussian"), "A").values()])
    assert drawn.std().item() == pytest.approx(1 / 8, rel=0.03)
    # three standard errors of the mean, and of the kurtosis of a normal distribution
    assert abs(drawn.mean()) < 3 / 8 / len(drawn) ** 0.5
    kurtosis = ((drawn / drawn.std()) ** 4).mean().item()
    assert kurtosis == pytest.approx(3, abs=3 * (24 / len(drawn)) ** 0.5)


def test_an_orthonormal_start_has_singular_values_of_one(llama: Path) -> None:
    for a in factors(started(llama, init="orthonormal"), "A").values():
        torch.testing.assert_close(a @ a.T, torch.eye(8), rtol=0, atol=2e-6)


def test_a_rank_above_the_columns_has_orthonormal_columns(llama: Path) -> None:
    method = lora(40, init="orthonormal", allow_rank_above_dimension=True)
    for a in factors(trainable_model(llama, method, "float32", CausalLM()), "A").values():
        side = min(a.shape)
        values = torch.linalg.svdvals(a)
        torch.testing.assert_close(values, torch.ones(side), rtol=0, atol=3e-6)


@pytest.mark.parametrize("init", [*PLAIN, "pissa"])
def test_the_seed_decides_the_start(llama: Path, init: str) -> None:
    first, again, other = (factors(started(llama, s, init=init), "A") for s in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = init != "pissa"  # whose start is the base's own
    assert all(torch.equal(first[name], other[name]) != drawn for name in first)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_a_stays_while_b_is_trained(llama: Path, frozen: bool) -> None:
    model = started(llama, init="orthonormal", frozen_a=frozen)
    before = {which: {n: w.clone() for n, w in factors(model, which).items()} for which in "AB"}
    train(model)
    for which, moves in (("A", not frozen), ("B", True)):
        after = factors(model, which)
        assert all(torch.equal(w, after[n]) != moves for n, w in before[which].items())
    of_b = sum(b.numel() for b in factors(model, "B").values())
    of_a = sum(a.numel() for a in factors(model, "A").values())
    assert parameter_counts(model)[0] == of_b + (0 if frozen else of_a)


@pytest.mark.parametrize(
    ("options", "asked"),
    [({"frozen_a": True}, "frozen_a: true"),
     *(({"init": init}, f"init: {init}") for init in ("gaussian", "orthonormal", "pissa"))],
    ids=str,
)  # fmt: skip
def test_an_embedding_starts_as_peft_starts_it_or_is_refused(llama, options, asked) -> None:
    targets = ("embed_tokens", "q_proj")
    with pytest.raises(ModelError, match=rf"model\.embed_tokens is an embedding.*`{asked}`"):
        started(llama, target_modules=targets, **options)
    model = started(llama, target_modules=targets)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert sum("lora_embedding_" in name for name in trained) == 2


OPTIONS = [
    *({"init": init} for init in (*PLAIN, "pissa")),
    {"init": "orthonormal", "frozen_a": True},
    {"init": "gaussian", "rslora": True},
    {"init": "pissa", "rslora": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_is_saved_is_evaluated_and_analysed_as_it_was_trained(
    llama: Path, tmp_path: Path, options: dict[str, object]
) -> None:
    model = started(llama, **options)
    train(model)
    save(model, Reference(str(llama)), tmp_path)
    tokens = torch.arange(24).reshape(2, 12)
    with torch.no_grad():
        trained, base = model(tokens).logits, load_base(llama, CausalLM())(tokens).logits
        evaluated = load_step(llama, tmp_path, CausalLM())(tokens).logits
    assert (trained - base).abs().max() > 0.1
    torch.testing.assert_close(evaluated, trained, rtol=0, atol=1e-4)
    before, after = load_base(llama, CausalLM()).state_dict(), model.merge_and_unload().state_dict()
    opened = open_model(llama)
    tuned = open_tuned(tmp_path, opened)
    for matrix in tuned.matrices:
        name = f"{matrix.name}.weight"
        change = (after[name].double() - before[name].double()).numpy()
        found = tuned.update(matrix, opened.read(matrix)).dense()
        np.testing.assert_allclose(found, change, rtol=0, atol=1e-4 * np.abs(change).max())


def train(model: torch.nn.Module) -> None:
    tokens = torch.arange(24).reshape(2, 12)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.02, weight_decay=0.0)
    for _ in range(3):
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def test_every_start_of_a_record_has_a_name_in_peft() -> None:
    assert set(OF_PEFT) == set(get_args(Init))
