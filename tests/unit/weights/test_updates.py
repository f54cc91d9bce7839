"""Updates as factors and as matrices, and words for what is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.weights.updates import Dense, LeftOut, LowRank, kind_of, some_of, told


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**31))
def test_the_norm_of_factors_is_that_of_their_product(m, n, rank, seed):
    rng = np.random.default_rng(seed)
    update = LowRank(rng.standard_normal((m, rank)), rng.standard_normal((rank, n)))
    assert update.norm == pytest.approx(np.linalg.norm(update.dense()), abs=1e-7)
    assert update.rank == rank


def test_parts_that_cancel_leave_half_of_the_digits():
    column = np.ones((4, 1))
    update = LowRank(np.concatenate([column, -column], 1), np.ones((2, 3)))
    assert update.norm < 1e-7


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_says_so(value):
    broken = np.array([[1.0, value]])
    assert not Dense(broken).is_finite
    assert not LowRank(np.ones((2, 1)), broken).is_finite
    assert not LowRank(broken.T, np.ones((1, 2))).is_finite
    assert Dense(np.ones((2, 2))).is_finite


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("model.layers.0.input_layernorm.weight", (8,), "norms"),
        ("h.0.ln_1.weight", (8,), "norms"),
        ("layers.0.q_proj.bias", (8,), "biases"),
        ("layers.0.q_proj.lora_B.bias", (8,), "biases"),
        ("model.embed_tokens.weight", (30, 8), "embeddings"),
        ("transformer.wpe.weight", (30, 8), "embeddings"),
        ("lm_head.weight", (30, 8), "heads"),
        ("classifier.out_proj.weight", (2, 8), "heads"),
        ("layers.0.conv.weight", (8, 1, 4), "convolutions"),
        ("embed_tokens.trainable_tokens_delta", (2, 8), "single tokens"),
        ("layers.0.A_log", (8,), "vectors"),
        ("visual.proj", (8, 8), "other weights"),
    ],
)
def test_kinds_are_told_by_name_and_shape(name, shape, kind):
    assert kind_of(name, shape) == kind


def test_a_message_names_the_first_few():
    names = [f"t{number}" for number in range(7)]
    assert some_of(names[:5]) == "t0, t1, t2, t3, t4"
    assert some_of(names) == "t0, t1, t2, t3, t4 and 2 more"


def test_what_changed_is_told_first_and_once_per_kind():
    lines = told([
        LeftOut("same", "biases", "no matrix", (3,), False),
        LeftOut("new", "heads", "not in the base", (3,)),
        LeftOut("a", "norms", "no matrix", (3,), True),
        LeftOut("b", "norms", "no matrix", (3,), True),
    ])  # fmt: skip
    assert lines == [
        "2 norms (changed; no matrix): a, b",
        "1 heads (trained, or not in the base; not in the base): new",
        "1 biases (as in the base; no matrix): same",
    ]
