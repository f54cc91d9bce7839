"""Two decoders that give the same logits: one with a cache, one that reads all texts again."""

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.evaluate.decoding import USUAL, WAYS, CachedDecoder, WholeTexts
from tiny_families import random_family

PROMPTS = [
    list(range(10, 33)),
    list(range(100, 109)),
    list(range(50, 55)),
    [7, 3, 9, 4, 200],
    list(range(50, 59)),
]


def test_both_decoders_agree_token_by_token():
    model = random_family("llama")
    cached, whole = CachedDecoder(model, masked=True), WholeTexts(model)
    with torch.inference_mode():
        torch.testing.assert_close(cached.start(PROMPTS), whole.start(PROMPTS))
        for rows, tokens in (([0, 2, 4], [5, 6, 7]), ([0, 1, 2], [8, 9, 10]), ([1], [3])):
            given = torch.tensor(rows), torch.tensor(tokens)
            torch.testing.assert_close(cached.go_on(*given), whole.go_on(*given))


@pytest.mark.parametrize("cached", [True, False])
def test_a_batch_gives_what_each_text_gives_alone(cached):
    model = random_family("llama")

    def decoder():
        return CachedDecoder(model, masked=True) if cached else WholeTexts(model)

    with torch.inference_mode():
        together = decoder().start(PROMPTS)
        for row, prompt in enumerate(PROMPTS):
            alone = model(input_ids=torch.tensor([prompt]), use_cache=False).logits[0, -1]
            torch.testing.assert_close(together[row], alone)
            torch.testing.assert_close(decoder().start([prompt])[0], alone)


def test_a_way_is_a_decoder_and_says_what_it_is():
    model = random_family("llama")
    made = [way.decoder(model) for way in WAYS]
    assert [isinstance(each, CachedDecoder) for each in made] == [way.cached for way in WAYS]
    assert len({way.description for way in WAYS}) == len(WAYS)
    assert USUAL.description == "in batches, with a cache"
    assert (WAYS[-1].cached, WAYS[-1].batch) == (False, "single"), "right by definition"


def test_a_model_that_takes_no_cache_is_refused_by_name():
    class Plain(torch.nn.Module):
        config = type("Config", (), {"model_type": "plain", "name_or_path": "mine"})

        def forward(self, input_ids):
            return input_ids

    with pytest.raises(ModelError, match="a model of type plain takes no cache"):
        CachedDecoder(Plain(), masked=True).start([[1, 2]])
