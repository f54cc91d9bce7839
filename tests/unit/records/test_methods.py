"""What a method is called, which family it belongs to, and what it refuses."""

from itertools import combinations

import pytest
from pydantic import ValidationError

from rankscope.records.methods import FULL, FullFineTuning, Lora

# family -> options of a LoRA of rank 16
FAMILIES: dict[str, dict] = {
    "LoRA α=2r": {"alpha": "2r"},
    "LoRA α=r": {"alpha": "r"},
    "LoRA α=√r": {"alpha": "sqrt(r)"},
    "LoRA α=8": {"alpha": 8.0},
    "LoRA α=0.5": {"alpha": 0.5},
    "rsLoRA α=2r": {"alpha": "2r", "rslora": True},
    "QLoRA α=2r": {"alpha": "2r", "quantisation": "nf4"},
    "PiSSA α=2r": {"alpha": "2r", "init": "pissa"},
    "LoRA α=2r gaussian": {"alpha": "2r", "init": "gaussian"},
    "LoRA α=2r orthonormal frozen A": {"alpha": "2r", "init": "orthonormal", "frozen_a": True},
    "LoRA α=2r frozen A": {"alpha": "2r", "frozen_a": True},
    "LoRA α=2r on q_proj, v_proj": {"alpha": "2r", "target_modules": ("q_proj", "v_proj")},
    "QrsLoRA α=8 gaussian": {
        "alpha": 8.0, "rslora": True, "quantisation": "nf4", "init": "gaussian",
    },
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_told_by_its_own_fields(family: str) -> None:
    ranks = [Lora(rank=rank, **FAMILIES[family]) for rank in (1, 4, 64)]
    assert {method.family for method in ranks} == {family}
    assert [method.label.rsplit(" ", 1)[1] for method in ranks] == ["r=1", "r=4", "r=64"]


def test_no_two_families_share_a_name() -> None:
    methods = [Lora(rank=16, **options) for options in FAMILIES.values()]
    for one, other in combinations(methods, 2):
        assert one.family != other.family
        assert one.identity() != other.identity()


def test_dropout_is_part_of_training_and_of_no_family() -> None:
    plain, dropped = (Lora(rank=4, alpha="2r", dropout=each) for each in (0.0, 0.1))
    assert plain.family == dropped.family
    assert plain.identity() != dropped.identity()


def test_alpha_follows_the_rank_by_its_rule() -> None:
    values = [Lora(rank=16, alpha=rule).alpha_value for rule in ("r", "2r", "sqrt(r)", 8.0)]
    assert values == [16.0, 32.0, 4.0, 8.0]
    assert FullFineTuning().alpha_value is None


def test_what_a_method_is_called_tells_only_what_it_is_asked_for() -> None:
    method = Lora(rank=16, alpha=8.0, init="gaussian")
    assert method.called() == method.label == "LoRA r=16"
    assert method.called("α=8") == "LoRA α=8 r=16"
    assert method.called(*method.traits) == f"{method.family} r=16"
    assert FullFineTuning().called(*FullFineTuning().traits) == FULL


def test_what_is_left_at_its_default_is_no_part_of_the_record() -> None:
    assert {"init", "frozen_a"}.isdisjoint(Lora(rank=4, alpha="2r").canonical())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"quantisation": "nf4"}, "pissa takes its start out of the base's weights.*nf4.*gaussian"),
        ({"allow_rank_above_dimension": True}, "remove `allow_rank_above_dimension`"),
    ],
)
def test_pissa_needs_weights_and_ranks_that_have_what_it_takes(options: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Lora(rank=4, alpha="r", init="pissa", **options)
