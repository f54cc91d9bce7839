"""Prompts and answers as token ids.

Guarantees: an encoded training example starts with exactly the ids that `encode_prompt` gives for
generation; then come the answer and the end-of-text token, which truncation of the prompt never
touches. A prompt over its limit loses the end of the input text; where that is not enough, and
before less than a quarter of the limit is left to the input, the end of the definition. The cue
("Output:") always stays. An answer over its limit loses its end but not the end-of-text token.
Everything cut is counted. Not here: which of the tokens bear loss; that is training's to say.

    Definition: … │ Now complete … Input: │ … │ Output:   yes ⏹
    └ cut second                            └ cut first   └ behind `prompt_tokens`
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rankscope.errors import DataError, ModelError
from rankscope.text.prompts import Prompt
from rankscope.text.tokenizer import TextTokenizer, load_encoder, load_text_tokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding

INPUT_SHARE = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest prompt and longest answer in tokens, end-of-text included in the latter."""

    source: int = 1024
    target: int = 128


@dataclass(frozen=True, slots=True)
class EncodedPrompt:
    """Ids of a prompt, and how many characters were cut to fit."""

    input_ids: list[int]
    cut_from_text: int
    cut_from_definition: int


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """One training example: the ids of a prompt, `prompt_tokens` of them, and of its answer.

    What was cut is counted in characters of the input and definition, in tokens of the answer.
    """

    input_ids: list[int]
    prompt_tokens: int
    cut_from_text: int
    cut_from_definition: int
    cut_from_answer: int


@dataclass(frozen=True, slots=True)
class TruncationCount:
    """How many of `examples` lost something of their input, definition or answer."""

    examples: int
    text: int
    definition: int
    answer: int


class PromptEncoder:
    """Encodes prompts and answers with one tokenizer and its limits.

    A space at the end of a prompt goes to the answer's first token, where byte-pair tokenizers
    expect it.
    """

    def __init__(
        self, tokenizer: TextTokenizer, end_of_text: int, limits: Limits = Limits()
    ) -> None:
        self._tokenizer, self._end_of_text, self._limits = tokenizer, end_of_text, limits

    def encode_prompt(self, prompt: Prompt) -> EncodedPrompt:
        """Encode a prompt for generation, cut to the limit if need be.

        Raises:
            DataError: the limit is too small for the template without input and definition.
        """
        encoding, fitting = self._fit(prompt)
        return EncodedPrompt(
            encoding.ids,
            len(prompt.text) - len(fitting.text),
            len(prompt.definition) - len(fitting.definition),
        )

    def encode_example(self, prompt: Prompt, answer: str) -> EncodedExample:
        """Encode a training example.

        Raises:
            DataError: see `encode_prompt`.
        """
        encoding, fitting = self._fit(prompt)
        prompt_ids = encoding.ids
        answer_ids = self._answer_ids(str(fitting), prompt_ids, answer)
        kept = [*answer_ids[: self._limits.target - 1], self._end_of_text]
        return EncodedExample(
            input_ids=prompt_ids + kept,
            prompt_tokens=len(prompt_ids),
            cut_from_text=len(prompt.text) - len(fitting.text),
            cut_from_definition=len(prompt.definition) - len(fitting.definition),
            cut_from_answer=len(answer_ids) + 1 - len(kept),
        )

    def _encode(self, prompt: str) -> "Encoding":
        return self._tokenizer.encode(prompt.rstrip(" "))

    def _answer_ids(self, prompt: str, prompt_ids: list[int], answer: str) -> list[int]:
        """Encode the answer as the continuation of its prompt, or alone where tokens would join."""
        whole = self._tokenizer.encode(prompt + answer).ids
        if whole[: len(prompt_ids)] == prompt_ids:
            return whole[len(prompt_ids) :]
        space = " " * (len(prompt) - len(prompt.rstrip(" ")))
        return self._tokenizer.encode(space + answer, framed=False).ids

    def _fit(self, prompt: Prompt) -> tuple["Encoding", Prompt]:
        """Cut input and definition until the prompt is within the limit."""
        encoding = self._encode(str(prompt))
        while (excess := len(encoding.ids) - self._limits.source) > 0:
            start = len(prompt.before)
            definition = _within(encoding, start, start + len(prompt.definition))
            start += len(prompt.definition) + len(prompt.between)
            text = _within(encoding, start, start + len(prompt.text))
            if not definition and not text:
                raise DataError(
                    f"a limit of {self._limits.source} prompt tokens is too small: the template"
                    f" alone takes {len(encoding.ids)}"
                )
            floor = self._limits.source // INPUT_SHARE if definition else 0
            from_text = min(excess, max(0, len(text) - floor))
            from_definition = min(excess - from_text, len(definition))
            from_text = min(len(text), excess - from_definition)
            prompt = prompt.shortened(
                _characters_left(definition, from_definition, prompt.definition),
                _characters_left(text, from_text, prompt.text),
            )
            encoding = self._encode(str(prompt))
        return encoding, prompt


def load_prompt_encoder(model: Path, limits: Limits = Limits()) -> PromptEncoder:
    """Make the encoder of a model folder in the Hugging Face layout.

    Raises:
        ModelError: the folder has no fast tokenizer, or names no end-of-text token.
    """
    tokenizer = load_text_tokenizer(model)
    if tokenizer is None:
        raise ModelError(
            f"{model}: the tokenizer is not of the tokenizers library, which tells where in a"
            " prompt its tokens lie; save a fast tokenizer there, as tokenizer.json"
            " (`AutoTokenizer.from_pretrained(…).save_pretrained(…)`)"
        )
    return PromptEncoder(tokenizer, load_encoder(model).end_of_text, limits)


def _within(encoding: "Encoding", start: int, end: int) -> list[int]:
    """Return where the tokens that touch characters [start, end) begin, counted from `start`."""
    if start == end:
        return []
    return [max(a, start) - start for a, b in encoding.offsets if a < end and start < b]


def _characters_left(starts: list[int], dropped: int, part: str) -> int:
    """Return how many characters are left of a part without its last `dropped` tokens."""
    if not dropped:
        return len(part)
    return min(starts[len(starts) - dropped], len(part) - 1)


def count_truncations(examples: Iterable[EncodedExample]) -> TruncationCount:
    """Count what was cut, for the log and the manifest."""
    listed = list(examples)
    return TruncationCount(
        examples=len(listed),
        text=sum(example.cut_from_text > 0 for example in listed),
        definition=sum(example.cut_from_definition > 0 for example in listed),
        answer=sum(example.cut_from_answer > 0 for example in listed),
    )
