"""What the embedded base of a study file stands for."""

import pytest
from pydantic import ValidationError

from rankscope.base.kinds.blank import new_model
from rankscope.records.data import StandardLibrary
from rankscope.studies.embedded import EmbeddedBase

CORPUS = StandardLibrary(source="standard-library", content="english")


def embedded(**fields) -> EmbeddedBase:
    return EmbeddedBase(source="embedded", corpus=CORPUS, **fields)


def test_the_default_has_about_a_million_parameters():
    model = new_model(embedded().unfolded().run.base)
    # tied embeddings, 4 x (attention, feed-forward, 2 norms), final norm
    expected = 1024 * 128 + 4 * (4 * 128 * 128 + 3 * 128 * 344 + 2 * 128) + 128
    assert sum(weight.numel() for weight in model.parameters()) == expected == 922_752


def test_it_is_the_last_step_of_a_full_run_on_its_own_corpus():
    base = embedded(steps=60, batch_size=3, context_length=64, seed=5).unfolded()
    run = base.run
    assert base.step is None
    assert (run.method.kind, run.data, run.base.corpus) == ("full", CORPUS, CORPUS)
    assert (run.seed, run.base.seed) == (5, 5)
    assert (run.recipe.steps, run.recipe.batch_size, run.recipe.sequence_length) == (60, 3, 64)
    assert run.recipe.keep == (1.0,)
    assert base.root is run.base
    assert base.learned_from == (CORPUS,)


@pytest.mark.parametrize("field", ["steps", "learning_rate", "seed", "hidden_size"])
def test_every_key_is_part_of_its_name(field):
    changed = {"steps": 60, "learning_rate": 1e-3, "seed": 1, "hidden_size": 64}[field]
    assert embedded(**{field: changed}).unfolded().name != embedded().unfolded().name


def test_a_context_too_short_to_train_on_is_refused():
    with pytest.raises(ValidationError, match="context_length"):
        embedded(context_length=4)
