"""Scores of generated text: exact match, ROUGE-L, and what models do instead of answering.

Guarantees: exact match and ROUGE-L are those of Tk-Instruct's scorer (`src/compute_metrics.py` of
yizhongw/Tk-Instruct; Wang et al. 2022), each as its maximum over the references. Out-of-options
rate, label entropy and copies of the input are defined here, because the paper names them without a
formula. All are
pure functions of text; shares lie between 0 and 1.
"""

import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from rankscope.errors import DataError

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text: str) -> str:
    """Lowercase, delete the characters of `string.punctuation`, collapse white space.

    Articles stay (SQuAD's scorer removes them), and punctuation outside ASCII stays.
    """
    return " ".join(text.lower().translate(_WITHOUT_PUNCTUATION).split())


def exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if the normalised prediction equals a normalised reference, else 0.

    Raises:
        DataError: there is no reference.
    """
    answer = normalise_answer(prediction)
    return float(any(answer == normalise_answer(each) for each in _some(references)))


def rouge_l(prediction: str, references: Sequence[str]) -> float:
    """Return the highest ROUGE-L F-measure over the references, of the raw strings.

    With P tokens in the prediction, R in the reference and a longest common subsequence of L:
    F = 2 L / (P + R), and 0 where either has no token. Tokens (google's `rouge_score`): lowercase,
    split at everything but a-z and 0-9, Porter stem (NLTK's) of those longer than 3 characters.

    Raises:
        DataError: there is no reference.
    """
    scorer = _rouge_scorer()
    return max(
        float(scorer.score(each, prediction)["rougeL"].fmeasure) for each in _some(references)
    )


def options(references: Iterable[Sequence[str]]) -> frozenset[str]:
    """Return the option set of a task: all distinct references of its instances, normalised.

    An option of punctuation alone, which normalises to nothing, stays as it is written: else `?`
    and `!` would be one option, and an empty answer would be it.
    """
    return frozenset(_as_option(each) for instance in references for each in instance)


def out_of_options(prediction: str, allowed: frozenset[str]) -> bool:
    """Whether the prediction is none of the task's options: its form was not learned.

    An empty prediction is one only of a task that has an empty option. Exact match is Tk-Instruct's
    and compares what is normalised: for it an empty answer equals `?`.

    Args:
        prediction: the raw text.
        allowed: the task's `options`.
    """
    return _as_option(prediction) not in allowed


def label_entropy(answers: Iterable[str]) -> float:
    """Return the entropy −Σ p log2 p of the distinct normalised answers, in bits.

    0 when every answer is the same (a collapse to a constant), log2 n when n answers are equally
    frequent. Compare that of a task's predictions with that of its references.

    Raises:
        DataError: there is no answer.
    """
    shares = _shares(answers)
    # the sum of one term is -0.0, which would be printed with its sign
    return abs(sum(share * math.log2(share) for share in shares))


def largest_label_share(answers: Iterable[str]) -> float:
    """Return the share of the most frequent normalised answer.

    Raises:
        DataError: there is no answer.
    """
    return max(_shares(answers))


def is_empty(prediction: str) -> bool:
    """Whether nothing but white space was generated."""
    return not prediction.strip()


def copies_input(prediction: str, text: str, truncated: bool, references: Sequence[str]) -> bool:
    """Whether the answer is the input over again, compared as exact match compares.

    A generation that was cut off counts where it began to say the input, or said it and went on; a
    finished one only where it is the whole input, because a part may be an answer. What equals a
    reference is an answer, whatever the input. Not found: copies of the definition, of an input
    that was cut to fit the prompt, or with a word changed.

    Args:
        prediction: the raw text.
        text: the input of the instance, without the definition.
        truncated: whether the generation ended at its limit.
        references: the instance's, at least one.
    """
    said, asked = normalise_answer(prediction), normalise_answer(text)
    if not said or not asked or exact_match(prediction, references):
        return False
    return said == asked or (truncated and (asked.startswith(said) or said.startswith(asked)))


def _as_option(text: str) -> str:
    return normalise_answer(text) or text.strip()


def _shares(answers: Iterable[str]) -> list[float]:
    counts = Counter(map(normalise_answer, answers))
    if not counts:
        raise DataError("the distribution of no answers is undefined: the task has no instances")
    total = counts.total()
    return [count / total for count in counts.values()]


def _some(references: Sequence[str]) -> Sequence[str]:
    if not references:
        raise DataError("an item without any reference cannot be scored")
    return references


@cache
def _rouge_scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)
