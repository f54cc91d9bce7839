"""Token ids and truncation, for byte-pair tokenizers of both families."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.errors import DataError, ModelError
from rankscope.text.encoding import (
    EncodedExample,
    Limits,
    PromptEncoder,
    count_truncations,
    load_prompt_encoder,
)
from rankscope.text.prompts import render
from rankscope.text.tokenizer import TextTokenizer

tokenizers = pytest.importorskip("tokenizers")

CORPUS = [
    "Definition: In this task, you are given a passage and a question about it.",
    "Now complete the following example - Input: the river is long. Output: yes no maybe",
    "answers are words of the passage; numbers 0 1 2 3 4 5 6 7 8 9 are answers too",
]
WORDS = "the river is long and the answer naïve 12 words, 価格 … (see) <eos> end."


def byte_level() -> Any:
    """A GPT-2-like tokenizer: spaces belong to the word that follows."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<eos>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def llama_like() -> Any:
    """A Llama-2-like tokenizer: a space before every text, byte fallback, a first token <s>."""
    learned = tokenizers.Tokenizer(tokenizers.models.BPE(byte_fallback=True))
    learned.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
    )
    specials = ["<s>", "<eos>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=500, special_tokens=specials, show_progress=False, max_token_length=8
    )
    learned.train_from_iterator([word for line in CORPUS for word in line.split()], trainer)
    learned.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    learned.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
        ]
    )
    return learned


TOKENIZERS = {"byte-level": byte_level(), "llama-like": llama_like()}
TEXT_TOKENIZERS = {family: TextTokenizer(known) for family, known in TOKENIZERS.items()}
for known in TOKENIZERS.values():
    known.encode_special_tokens = True  # the oracle, too, takes the text <eos> for text
families = pytest.mark.parametrize("family", TOKENIZERS)
HOLDS_ANY_ANSWER = 512  # of `texts`: 60 words of at most 7 bytes, a token each at worst
texts = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=60).map(" ".join)


def encoder(family: str, limits: Limits = Limits()) -> PromptEncoder:
    end = TOKENIZERS[family].token_to_id("<eos>")
    return PromptEncoder(TEXT_TOKENIZERS[family], end, limits)


def decoded(family: str, ids: list[int]) -> str:
    return TOKENIZERS[family].decode(ids, skip_special_tokens=False).removeprefix("<s>").strip()


def answer_of(family: str, example: EncodedExample) -> str:
    eos = TOKENIZERS[family].token_to_id("<eos>")
    assert example.input_ids[-1] == eos
    return decoded(family, example.input_ids[example.prompt_tokens : -1])


@families
@settings(max_examples=60, deadline=None)
@given(definition=texts, text=texts, answer=texts)
def test_an_example_is_prompt_answer_and_end(family, definition, text, answer):
    prompt = render("tk-instruct", definition, text)
    limits = Limits(target=HOLDS_ANY_ANSWER)
    example = encoder(family, limits).encode_example(prompt, answer)
    assert decoded(family, example.input_ids[: example.prompt_tokens]) == str(prompt).rstrip(" ")
    assert answer_of(family, example) == answer
    generated_from = encoder(family).encode_prompt(prompt)
    assert example.input_ids[: example.prompt_tokens] == generated_from.input_ids


@families
def test_prompt_and_answer_are_tokenised_as_one_text(family):
    prompt = render("tk-instruct", "the answer is long", "the river")
    example = encoder(family).encode_example(prompt, "yes no maybe")
    whole = TOKENIZERS[family].encode(f"{prompt}yes no maybe").ids
    assert example.input_ids[:-1] == whole


@families
@settings(max_examples=100, deadline=None)
@given(definition=texts, text=texts, answer=texts, source=st.integers(110, 220))
def test_truncation_spares_answer_and_cue(family, definition, text, answer, source):
    prompt = render("tk-instruct", definition, text)
    example = encoder(family, Limits(source, HOLDS_ANY_ANSWER)).encode_example(prompt, answer)
    assert example.prompt_tokens <= source
    shown = decoded(family, example.input_ids[: example.prompt_tokens])
    assert shown.startswith("Definition: ")
    assert shown.endswith("\nOutput:")
    assert "\n\nNow complete the following example -\nInput:" in shown
    assert answer_of(family, example) == answer
    cut = prompt.shortened(
        len(prompt.definition) - example.cut_from_definition,
        len(prompt.text) - example.cut_from_text,
    )
    assert shown == str(cut).rstrip(" "), "what is left is what the counts say"
    untouched = len(TOKENIZERS[family].encode(str(prompt).rstrip(" ")).ids) <= source
    assert (example.cut_from_text + example.cut_from_definition == 0) is untouched


@families
def test_the_input_goes_before_the_definition(family):
    prompt = render("tk-instruct", "the answer is long", " ".join(["river"] * 200))
    example = encoder(family, Limits(source=180)).encode_example(prompt, "yes")
    assert example.cut_from_text > 0
    assert example.cut_from_definition == 0
    assert example.prompt_tokens > 170, "no more is cut than needed"


@families
def test_a_long_definition_leaves_a_quarter_to_the_input(family):
    prompt = render("tk-instruct", " ".join(["answer"] * 300), " ".join(["river"] * 300))
    shown = decoded(family, encoder(family, Limits(source=200)).encode_prompt(prompt).input_ids)
    text = shown.split("Input: ")[1].removesuffix("\nOutput:")
    tokens = TOKENIZERS[family].encode(text, add_special_tokens=False).ids
    assert 45 <= len(tokens) <= 55


@families
@pytest.mark.parametrize("template", ["tk-instruct", "alpaca"])
def test_a_limit_below_the_template_is_an_error(family, template):
    for source in range(1, 11):
        with pytest.raises(DataError, match=f"a limit of {source} prompt tokens is too small"):
            encoder(family, Limits(source=source)).encode_prompt(render(template, "a", "b c"))


def test_a_token_across_the_border_of_an_emptied_part_ends_the_search():
    # a tokenizer whose one token spans "Input: \nOutput:" when nothing is left of the input
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit("N")
    prompt = render("tk-instruct", "a", "NNN bNc")
    with pytest.raises(DataError, match="too small"):
        PromptEncoder(TextTokenizer(tokenizer), 0, Limits(source=1)).encode_prompt(prompt)


@families
def test_a_long_answer_loses_its_end_but_not_the_end_of_text(family):
    prompt = render("alpaca", "Repeat.", "river")
    example = encoder(family, Limits(target=10)).encode_example(prompt, "the river " * 20)
    answer = example.input_ids[example.prompt_tokens :]
    assert len(answer) == 10
    assert answer[-1] == TOKENIZERS[family].token_to_id("<eos>")
    assert example.cut_from_answer > 0
    assert answer_of(family, example).startswith("the river")


@families
def test_text_that_spells_a_special_token_is_text(family):
    eos = TOKENIZERS[family].token_to_id("<eos>")
    example = encoder(family).encode_example(render("tk-instruct", "a <eos> b", "<eos>"), "<eos> c")
    assert example.input_ids.count(eos) == 1
    assert answer_of(family, example) == "<eos> c"


@families
def test_truncations_are_counted(family):
    cases = [
        ("a", "b", "c"),
        ("a", "river " * 300, "c"),
        ("river " * 300, "b", "c"),
        ("a", "b", "river " * 99),
    ]
    examples = [
        encoder(family, Limits(200, 20)).encode_example(render("tk-instruct", d, t), a)
        for d, t, a in cases
    ]
    count = count_truncations(examples)
    assert (count.examples, count.text, count.definition, count.answer) == (4, 1, 1, 1)


def test_the_encoder_of_a_model_folder(tmp_path: Path):
    prompt = render("tk-instruct", "Repeat.", "river")
    with pytest.raises(ModelError, match="its tokenizer cannot be read"):
        load_prompt_encoder(tmp_path)
    TOKENIZERS["byte-level"].save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<eos>"}))
    loaded = load_prompt_encoder(tmp_path, Limits(100, 20))
    expected = encoder("byte-level", Limits(100, 20))
    assert loaded.encode_example(prompt, "river") == expected.encode_example(prompt, "river")
