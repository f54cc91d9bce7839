"""Greedy generation in batches of similar length.

Guarantees: every prompt gets the tokens that a batch of its own would give it, up to ties that
float rounding decides; results come back in the order of the prompts. Prompts are padded on the
left and masked, so that all of them end where generation begins. Generation is greedy whatever the
model's own generation config says; it ends with an EOS token, the model's or the tokenizer's, or
after `max_new_tokens`.

Why not transformers' `generate`: it carries finished answers along until the longest one ends, and
its bookkeeping costs a small model as much as its forward pass; it is the oracle of the tests.

Hand over merged models (`weights.load_step`): unmerged adapters cost two more matrix products per
layer and token. A model whose cache or padding would change its answers is decoded without
(`decoding`, `trial`). Not here: how prompts are rendered and cut (the data stage), scores
(`text_metrics`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rankscope.errors import DataError, ModelError
from rankscope.evaluate.decoding import Batch, Decoder, Way
from rankscope.evaluate.trial import STEPS, way_to_decode
from rankscope.weights.context_length import context_length

BATCH_PROMPTS = 32
BATCH_TOKENS = 3072  # of prompts in a batch, padding included, where all of it is computed


@dataclass(frozen=True)
class Generation:
    """What a model answered.

    `tokens` counts what was generated, the EOS token included; `truncated` says that none came
    within `max_new_tokens`. `text` leaves special tokens out and keeps white space as generated.
    """

    text: str
    tokens: int
    truncated: bool


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    batch_size: int = BATCH_PROMPTS,
    advance: Callable[[int], None] = lambda prompts: None,
    way: Way | None = None,
) -> list[Generation]:
    """Answer every prompt greedily.

    Args:
        model: a causal language model in evaluation mode.
        tokenizer: decodes the answers.
        prompts: token ids, special tokens included.
        max_new_tokens: the most tokens an answer may have.
        batch_size: prompts per batch.
        advance: told how many further prompts are answered after each batch.
        way: how to decode, as `trial.way_to_decode` found out; without it that is done here.

    Raises:
        DataError: a prompt is empty, or leaves no room for the answer in the model's context.
        ModelError: neither model nor tokenizer names an EOS token.
    """
    _refuse_unfit(prompts, max_new_tokens, context_length(model.config.to_dict()).tokens)
    ends = _end_tokens(model, tokenizer)
    if not prompts:
        return []
    way = way or way_to_decode(model, prompts, min(STEPS, max_new_tokens))
    answers: list[Generation | None] = [None] * len(prompts)
    # a CPU computes on padding as long as on text; on a GPU reading the weights takes the time,
    # unless all of the texts are read again for every token
    most_tokens = BATCH_TOKENS if model.device.type == "cpu" or not way.cached else None
    for batch in _batches(prompts, batch_size, most_tokens, way.batch):
        generated = _generate_batch(
            way.decoder(model), [prompts[number] for number in batch], ends, max_new_tokens
        )
        for number, tokens in zip(batch, generated, strict=True):
            answers[number] = _answer(tokenizer, tokens, ends)
        advance(len(batch))
    return [answer for answer in answers if answer is not None]


def _batches(
    prompts: Sequence[Sequence[int]],
    size: int,
    most_tokens: int | None,
    kind: Batch = "mixed",
) -> Iterator[list[int]]:
    """Yield the numbers of prompts of similar length, longest first: memory runs out at once.

    A batch holds at most `size` prompts and, padded, at most `most_tokens`, where one alone does;
    of one length only if its kind is `equal`.
    """
    size = 1 if kind == "single" else size
    order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number]))
    start = 0
    while start < len(order):
        fitting = size if most_tokens is None else most_tokens // len(prompts[order[start]])
        count = max(1, min(size, fitting))
        batch = order[start : start + count]
        if kind == "equal":
            batch = [number for number in batch if len(prompts[number]) == len(prompts[batch[0]])]
        yield batch
        start += len(batch)


def _generate_batch(
    decoder: Decoder, prompts: list[Sequence[int]], ends: list[int], max_new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of each prompt, the end token included.

    A row leaves the batch with its end token, so that one long answer does not carry the finished
    ones along.
    """
    import torch

    answers: list[list[int]] = [[] for _ in prompts]
    unfinished = list(answers)
    with torch.inference_mode():
        logits = decoder.start(prompts)
        stop = torch.tensor(ends, device=logits.device)
        for number in range(max_new_tokens):
            tokens = logits.argmax(dim=-1)
            for answer, token in zip(unfinished, tokens.tolist(), strict=True):
                answer.append(token)
            going_on = torch.isin(tokens, stop, invert=True).nonzero().flatten()
            if not len(going_on) or number == max_new_tokens - 1:
                break
            unfinished = [unfinished[row] for row in going_on.tolist()]
            logits = decoder.go_on(going_on, tokens[going_on])
    return answers


def _answer(tokenizer: Any, tokens: list[int], ends: list[int]) -> Generation:
    return Generation(
        text=tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        tokens=len(tokens),
        truncated=tokens[-1] not in ends,
    )


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end an answer: those of the model (chat models have several), and the
    tokenizer's, with which training ends an answer whatever the model's config says.
    """
    config = getattr(model, "generation_config", None)
    named = getattr(config, "eos_token_id", None)
    of_model = named if isinstance(named, list) else [named]
    ends = {end for end in (*of_model, tokenizer.eos_token_id) if end is not None}
    if not ends:
        raise ModelError(
            f"{model.config.name_or_path}: neither generation_config.json nor the tokenizer names"
            " an EOS token, so that no answer would ever end; add `eos_token_id`"
        )
    return sorted(ends)


def _refuse_unfit(
    prompts: Sequence[Sequence[int]], max_new_tokens: int, context: int | None
) -> None:
    for number, prompt in enumerate(prompts):
        if not prompt:
            raise DataError(f"prompt {number} is empty: there is nothing to answer")
        if context is not None and len(prompt) + max_new_tokens > context:
            raise DataError(
                f"prompt {number} has {len(prompt)} tokens, which leaves less than the"
                f" {max_new_tokens} tokens of an answer in the model's context of {context};"
                " cut prompts shorter, or allow shorter answers"
            )
