"""Greedy generation in batches of similar length.

Guarantees: every prompt gets the tokens that a batch of its own would give it, up to ties that
float rounding decides; results come back in the order of the prompts. Prompts are padded on the
left and masked, so that all of them end where generation begins. Generation is greedy whatever the
model's own generation config says; it ends with an EOS token, the model's or the tokenizer's, or
after `max_new_tokens`.

Why not transformers' `generate`: it carries finished answers along until the longest one ends, and
its bookkeeping costs a small model as much as its forward pass; it is the oracle of the tests.

Hand over merged models (`weights.load_step`): unmerged adapters cost two more matrix products per
layer and token. Not here: how prompts are rendered and cut (the data stage), scores
(`text_metrics`), models without transformers' key-value cache.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rankscope.errors import DataError, ModelError
from rankscope.evaluate.weights import context_length

BATCH_PROMPTS = 32
BATCH_TOKENS = 3072  # of prompts in a batch, padding included, on a CPU


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
) -> list[Generation]:
    """Answer every prompt greedily.

    Args:
        model: a causal language model in evaluation mode.
        tokenizer: decodes the answers.
        prompts: token ids, special tokens included.
        max_new_tokens: the most tokens an answer may have.
        batch_size: prompts per batch.
        advance: told how many further prompts are answered after each batch.

    Raises:
        DataError: a prompt is empty, or leaves no room for the answer in the model's context.
        ModelError: neither model nor tokenizer names an EOS token.
    """
    _refuse_unfit(prompts, max_new_tokens, context_length(model))
    ends = _end_tokens(model, tokenizer)
    answers: list[Generation | None] = [None] * len(prompts)
    # a CPU computes on padding as long as on text; on a GPU reading the weights takes the time
    most_tokens = BATCH_TOKENS if model.device.type == "cpu" else None
    for batch in _batches(prompts, batch_size, most_tokens):
        generated = _generate_batch(
            model, [prompts[number] for number in batch], ends, max_new_tokens
        )
        for number, tokens in zip(batch, generated, strict=True):
            answers[number] = _answer(tokenizer, tokens, ends)
        advance(len(batch))
    return [answer for answer in answers if answer is not None]


def _batches(
    prompts: Sequence[Sequence[int]], size: int, most_tokens: int | None
) -> Iterator[list[int]]:
    """Yield the numbers of prompts of similar length, longest first: memory runs out at once.

    A batch holds at most `size` prompts and, padded, at most `most_tokens`, where one alone does.
    """
    order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number]))
    start = 0
    while start < len(order):
        fitting = size if most_tokens is None else most_tokens // len(prompts[order[start]])
        count = max(1, min(size, fitting))
        yield order[start : start + count]
        start += count


def _generate_batch(
    model: Any, prompts: list[Sequence[int]], ends: list[int], max_new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of each prompt, the end token included.

    A row leaves the batch with its end token, so that one long answer does not carry the finished
    ones along.
    """
    import torch
    from transformers import DynamicCache

    ids, mask = (tensor.to(model.device) for tensor in _left_padded(prompts))
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    stop = torch.tensor(ends, device=model.device)
    cache = DynamicCache(config=model.config)
    answers: list[list[int]] = [[] for _ in prompts]
    unfinished = list(answers)
    with torch.inference_mode():
        for _ in range(max_new_tokens):
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
            tokens = logits[:, -1].argmax(dim=-1)
            for answer, token in zip(unfinished, tokens.tolist(), strict=True):
                answer.append(token)
            going_on = torch.isin(tokens, stop, invert=True).nonzero().flatten()
            if not len(going_on):
                break
            if len(going_on) < len(unfinished):
                unfinished = [unfinished[row] for row in going_on.tolist()]
                tokens, mask, positions = tokens[going_on], mask[going_on], positions[going_on]
                cache.batch_select_indices(going_on)
            ids, positions = tokens[:, None], positions[:, -1:] + 1
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return answers


def _left_padded(prompts: list[Sequence[int]]) -> tuple[Any, Any]:
    """Return ids and attention mask, both of shape (prompts, longest prompt)."""
    import torch

    longest = max(map(len, prompts))
    # the padding is masked: any token will do
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    return ids, mask


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


def _refuse_unfit(prompts: Sequence[Sequence[int]], max_new_tokens: int, context: int) -> None:
    for number, prompt in enumerate(prompts):
        if not prompt:
            raise DataError(f"prompt {number} is empty: there is nothing to answer")
        if len(prompt) + max_new_tokens > context:
            raise DataError(
                f"prompt {number} has {len(prompt)} tokens, which leaves less than the"
                f" {max_new_tokens} tokens of an answer in the model's context of {context};"
                " cut prompts shorter, or allow shorter answers"
            )
