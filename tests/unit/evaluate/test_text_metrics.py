"""Exact match and ROUGE-L against values derived by hand from Tk-Instruct's written definition.

Exact match (EM): lowercase, delete `!"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~`, collapse white space,
compare. ROUGE-L (RL): lowercase, everything but a-z 0-9 becomes a space, split, Porter stem of
tokens longer than 3 characters, F = 2 L / (P + R). None of the values below was read off our code.
"""

from fractions import Fraction
from itertools import combinations
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.evaluate.text_metrics import (
    copies_input,
    exact_match,
    is_empty,
    label_entropy,
    largest_label_share,
    normalise_answer,
    options,
    out_of_options,
    rouge_l,
)

F = Fraction

# prediction, references, EM, RL
CASES = [
    # --- case, white space, final punctuation: EM and RL both forgive
    ("Yes.", ["yes"], 1, 1),
    ("  yes \n", ["Yes."], 1, 1),
    ("yes\nno", ["yes no"], 1, 1),
    ("yes\u00a0no", ["yes no"], 1, 1),  # a no-break space is white space
    ("TRUE", ["true"], 1, 1),
    ("yes", ["no"], 0, 0),
    # --- articles are kept: [the cat] against [cat]: L=1, 2·1/(2+1)
    ("the cat", ["cat"], 0, F(2, 3)),
    # --- nothing there
    ("", ["yes"], 0, 0),
    ("   \n", ["yes"], 0, 0),
    ("", [""], 1, 0),  # equal strings, but RL of no tokens is 0 by definition
    ("", ["yes", ""], 1, 0),
    # --- punctuation only: normalises to the empty string, has no tokens
    ("...", ["yes"], 0, 0),
    ("...", ["!!!"], 1, 0),
    ("?", [""], 1, 0),
    # --- punctuation inside: EM joins what RL splits
    ("it's", ["its"], 1, 0),  # its = its; [it s] against [its]
    ("well-known", ["well known"], 0, 1),  # wellknown ≠ well known; same tokens
    ("well-known", ["wellknown"], 1, 0),
    ("a_b", ["ab"], 1, 0),
    ("A : B", ["A:B"], 0, 1),  # "a b" ≠ "ab"; [a b] twice
    ("a@b.com", ["ab.com"], 1, F(2, 5)),  # abcom = abcom; [a b com] against [ab com]: L=1
    ("C++", ["C#"], 1, 1),  # nothing but the letter is left
    # --- numbers
    ("1,000", ["1000"], 1, 0),  # [1 000] against [1000]
    ("3.14", ["314"], 1, 0),
    (".5", ["0.5"], 0, F(2, 3)),  # "5" ≠ "05"; [5] against [0 5]: L=1
    ("-5", ["5"], 1, 1),  # the sign is punctuation
    ("50%", ["50"], 1, 1),
    ("$5", ["5 dollars"], 0, F(2, 3)),  # [5] against [5 dollar]
    ("007", ["7"], 0, 0),
    ("one", ["1"], 0, 0),
    # --- unicode: only ASCII punctuation is deleted, only a-z 0-9 are tokens
    ("yes！", ["yes"], 0, 1),  # a full-width mark stays in EM
    ("“yes”", ["yes"], 0, 1),
    ("don’t", ["don't"], 0, 1),  # don’t ≠ dont; [don t] twice
    ("yes\u200b", ["yes"], 0, 1),  # a zero-width space is neither white space nor punctuation
    ("日本", ["日本"], 1, 0),  # equal, but without a token
    ("café", ["café"], 1, 1),  # [caf] twice
    ("café", ["cafe"], 0, 0),  # [caf] against [cafe] (Porter keeps the e: caf is m=1 and c-v-c)
    ("ＹＥＳ", ["yes"], 0, 0),  # full-width letters are other letters, and no tokens
    ("x²", ["x2"], 0, 0),  # [x] against [x2]
    ("İ", ["i"], 0, 1),  # lowercase is i and a combining dot; the dot is no token
    # --- stemming, of tokens longer than 3 characters
    ("cats", ["cat"], 0, 1),
    ("ponies", ["pony"], 0, 1),  # both poni
    ("running", ["runs"], 0, 1),  # runn → run; runs → run
    ("running", ["ran"], 0, 0),
    ("relational", ["relate"], 0, 1),  # -ational → -ate, then -e: relat; relate → relat
    ("happiness", ["happy"], 0, 1),  # -ness: happi; y → i: happi
    ("generalizations", ["general"], 0, 1),  # Porter's own example: gener; general → gener
    ("arguing", ["argue"], 0, 1),  # both argu
    ("this", ["thi"], 0, 1),  # the final s goes; thi is too short to be stemmed
    ("bus", ["bu"], 0, 0),  # three letters: not stemmed
    # --- order and repetition: a subsequence, not a set and not a substring
    ("B A", ["A B"], 0, F(1, 2)),  # L=1 of 2 and 2
    ("yes yes yes", ["yes"], 0, F(1, 2)),  # L=1: 2/(3+1)
    ("a x b y c", ["a b c"], 0, F(3, 4)),  # L=3: 6/(5+3)
    # the … chased the …: L=3 of 5 and 5
    ("the dog chased the cat", ["the cat chased the dog"], 0, F(3, 5)),
    # --- more than an answer
    ("Answer: yes", ["yes"], 0, F(2, 3)),
    ("The answer is that it is positive", ["positive"], 0, F(1, 4)),  # 2/(7+1)
    ("Response 1", ["Response 2"], 0, F(1, 2)),
    # --- several references: the best one counts, for each metric on its own
    ("cat", ["dog", "Cat!"], 1, 1),
    # [a small cat] against [a big dog]: 2/6; against [small cat]: 4/5
    ("a small cat", ["a big dog", "small cats"], 0, F(4, 5)),
    # EM from the first (its), RL from the second ([it s] twice)
    ("it's", ["its", "it s"], 1, 1),
    ("a b", ["b", "c"], 0, F(2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("prediction", "references", "em", "rl"), CASES)
def test_derived_by_hand(prediction, references, em, rl):
    assert exact_match(prediction, references) == em
    assert rouge_l(prediction, references) == pytest.approx(float(rl), abs=1e-12)


def test_there_are_enough_awkward_cases():
    assert len({(prediction, *references) for prediction, references, *_ in CASES}) >= 40


# --- properties, with an oracle of its own for the longest common subsequence ---------------------

# two-letter words are never stemmed
words = st.lists(st.sampled_from(["ab", "cd", "ef"]), max_size=6)


def longest_common_subsequence(one, other):
    """Try every subsequence, longest first."""
    for size in range(min(len(one), len(other)), 0, -1):
        found = set(combinations(one, size)) & set(combinations(other, size))
        if found:
            return size
    return 0


@settings(deadline=None)
@given(prediction=words, references=st.lists(words, min_size=1, max_size=3))
def test_rouge_l_is_the_best_f_measure_over_all_subsequences(prediction, references):
    expected = max(
        2 * longest_common_subsequence(prediction, reference) / (len(prediction) + len(reference))
        if prediction and reference
        else 0.0
        for reference in references
    )
    assert rouge_l(" ".join(prediction), [" ".join(r) for r in references]) == pytest.approx(
        expected, abs=1e-12
    )


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing_and_every_text_matches_itself(text):
    # a few letters lower-case to letters that lower-case again; the scorer does it once
    if text.lower().lower() == text.lower():
        assert normalise_answer(normalise_answer(text)) == normalise_answer(text)
    assert exact_match(text, ["something else", text]) == 1.0


@settings(deadline=None)
@given(st.text(max_size=20), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_further_reference_never_costs(prediction, references):
    for metric in (exact_match, rouge_l):
        assert metric(prediction, references) >= metric(prediction, references[:1])


def test_an_item_without_references_is_refused():
    for metric in (exact_match, rouge_l):
        with pytest.raises(DataError, match="without any reference"):
            metric("yes", [])


# --- form -----------------------------------------------------------------------------------------


def test_options_are_the_normalised_references_of_a_task():
    allowed = options([["Yes."], ["no", "NO!"], ["yes"]])
    assert allowed == {"yes", "no"}
    said = ["YES", "no.", "maybe", "", "yes, it is", "n o"]
    # "n o" is another string than "no"
    assert [out_of_options(text, allowed) for text in said] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        ({"?", "!"}, ["?", " !\n"], ["", " \n", ".", "?!", "question"]),
        ({"yes", "no"}, ["Yes."], ["", "?"]),
        ({"", "yes"}, ["", " \n", "yes"], ["?", "no"]),  # an option that is empty as written
        ({"?", "yes"}, ["?", "Yes"], [""]),
    ],
)
def test_an_empty_answer_is_an_option_only_where_one_is_empty(allowed, inside, outside):
    allowed = options([[option] for option in allowed])
    assert not any(out_of_options(text, allowed) for text in inside)
    assert all(out_of_options(text, allowed) for text in outside)


def test_entropy_of_labels_in_bits():
    assert label_entropy(["yes", "Yes.", "YES"]) == 0.0
    assert str(label_entropy(["yes"])) == "0.0"
    assert label_entropy(["yes", "no"] * 5) == pytest.approx(1.0)
    assert label_entropy(["a", "b", "c", "d"]) == pytest.approx(2.0)
    # 3/4 and 1/4: 3/4 · log2(4/3) + 1/4 · 2
    assert label_entropy(["y", "y", "y", "n"]) == pytest.approx(0.75 * log2(4 / 3) + 0.5)
    assert largest_label_share(["y", "Y.", "y", "n"]) == 0.75
    with pytest.raises(DataError, match="no instances"):
        label_entropy([])


def test_empty_means_white_space_only():
    assert [is_empty(text) for text in ("", " \n\t", "\u00a0", ".", "a")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prediction", "truncated", "expected"),
    [
        ("name: The Mill, food: French!", False, True),  # as exact match compares
        (" name the mill food french", True, True),
        ("Name: The Mill", False, False),  # a part may be an answer
        ("Name: The Mill", True, True),  # cut off while it said the input
        ("Name: The Mill, food: French. Name: The Mill, food", True, True),  # said it and went on
        ("Name: The Mill, food: French. It is in the city.", False, False),
        ("The Mill serves French food.", True, False),
        ("", True, False),
        ("?!", True, False),
    ],
)
def test_an_answer_that_is_the_input_over_again(prediction, truncated, expected):
    text = "Name: The Mill, food: French"
    assert copies_input(prediction, text, truncated, ["The Mill serves French food."]) is expected


def test_what_equals_a_reference_copies_nothing():
    assert not copies_input("It is fine.", "it is fine", False, ["It is fine."])
    assert not copies_input("yes", "", False, ["no"])
