"""Greedy generation in batches of similar length.

Guarantees: every prompt gets the tokens that a batch of its own would give it, up to ties that
float rounding decides; results come back in the order of the prompts. Prompts are padded on the
left and masked, so that all of them end where generation begins. Generation is greedy whatever the
model's own generation config says; it ends with an EOS token or after `max_new_tokens`.

Hand over merged models (`weights.load_step`): unmerged adapters cost two more matrix products per
layer and token. Not here: how prompts are rendered and cut (the data stage), scores
(`text_metrics`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rankscope.errors import DataError, ModelError
from rankscope.evaluate.weights import context_length

BATCH_PROMPTS = 32


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
    for batch in _batches(prompts, batch_size):
        generated = _generate_batch(
            model, [prompts[number] for number in batch], ends, max_new_tokens
        )
        for number, tokens in zip(batch, generated, strict=True):
            answers[number] = _answer(tokenizer, tokens, ends)
        advance(len(batch))
    return [answer for answer in answers if answer is not None]


def _batches(prompts: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    """Yield the numbers of prompts of similar length, longest first: memory runs out at once."""
    order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number]))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _generate_batch(
    model: Any, prompts: list[Sequence[int]], ends: list[int], max_new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of each prompt, with what follows its end token still attached."""
    import torch
    from transformers import GenerationConfig

    longest = max(map(len, prompts))
    # the padding is masked: any token will do
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=GenerationConfig(
                do_sample=False,
                num_beams=1,
                max_new_tokens=max_new_tokens,
                eos_token_id=ends,
                pad_token_id=ends[0],
            ),
        )
    return output[:, longest:].tolist()


def _answer(tokenizer: Any, tokens: list[int], ends: list[int]) -> Generation:
    """Cut the tokens after the first end token and decode them."""
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    kept = tokens if end is None else tokens[: end + 1]
    return Generation(
        text=tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        tokens=len(kept),
        truncated=end is None,
    )


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end an answer: those of the model (chat models have several)."""
    config = getattr(model, "generation_config", None)
    named = getattr(config, "eos_token_id", None)
    if named is None:
        named = tokenizer.eos_token_id
    if named is None:
        raise ModelError(
            f"{model.config.name_or_path}: neither generation_config.json nor the tokenizer names"
            " an EOS token, so that no answer would ever end; add `eos_token_id`"
        )
    return named if isinstance(named, list) else [named]


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
