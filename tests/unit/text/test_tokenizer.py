"""One encoder: control tokens come in by id alone, whatever a text spells."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from rankscope.errors import ModelError
from rankscope.evaluate.likelihood import encode
from rankscope.evaluate.weights import load_tokenizer
from rankscope.text.encoding import PromptEncoder
from rankscope.text.prompts import render
from rankscope.text.tokenizer import TextTokenizer, load_encoder, load_framing
from tiny_heads import save_tokenizer

CONTROL = ("<unk>", "<s>", "</s>", "<|im_start|>")
LETTERS = sorted(set("".join(CONTROL)) | set("ab "))


def unigram() -> Tokenizer:
    """As in T5: control tokens are pieces of the vocabulary, with scores better than letters."""
    pieces = [*((token, 0.0) for token in CONTROL[:3]), *((letter, -5.0) for letter in LETTERS)]
    return Tokenizer(models.Unigram(pieces, unk_id=0))


def word_level() -> Tokenizer:
    words = [*CONTROL[:3], "a", "b", "and"]
    numbered = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(numbered, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def letters() -> Tokenizer:
    vocabulary = [*CONTROL[:3], *LETTERS]
    numbered = {piece: number for number, piece in enumerate(vocabulary)}
    return Tokenizer(models.BPE(numbered, [], unk_token="<unk>"))


def declared(tokenizer: Tokenizer) -> Tokenizer:
    """Declare the control tokens, one of them beside the vocabulary; frame texts as Llama does."""
    tokenizer.add_special_tokens(list(CONTROL))
    tokenizer.add_tokens([AddedToken("<word>", special=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return tokenizer


KINDS = {"unigram": unigram, "word-level": word_level, "letters": letters}
kinds = pytest.mark.parametrize("kind", KINDS)
spelled = st.lists(st.sampled_from([*CONTROL, "a", "b", " ", "and"]), max_size=12).map("".join)


@kinds
@settings(deadline=None)
@given(text=spelled)
def test_no_text_becomes_a_control_token(kind, text):
    original = declared(KINDS[kind]())
    tokenizer = TextTokenizer(original)
    control = {original.token_to_id(token) for token in CONTROL[1:]}
    assert not control & set(tokenizer.encode_batch([text])[0])
    framed = tokenizer.encode(text).ids
    assert framed == [original.token_to_id("<s>"), *tokenizer.encode_batch([text])[0]]


@kinds
def test_the_same_text_would_become_one_without_care(kind):
    """The oracle of the test above: the tokenizer as it comes does take them for control tokens."""
    original = declared(KINDS[kind]())
    assert original.token_to_id("</s>") in original.encode("a </s> b", add_special_tokens=False).ids


@kinds
@settings(deadline=None)
@given(text=st.text("ab ", max_size=20))
def test_other_texts_are_encoded_as_ever(kind, text):
    original = declared(KINDS[kind]())
    expected = original.encode(text, add_special_tokens=False).ids
    assert TextTokenizer(original).encode_batch([text])[0] == expected


@kinds
def test_ids_of_control_tokens_are_still_known(kind):
    original = declared(KINDS[kind]())
    tokenizer = TextTokenizer(original)
    for token in (*CONTROL, "a", "<word>"):
        assert tokenizer.id_of(token) == original.token_to_id(token)
    assert tokenizer.id_of("nothing of the kind") is tokenizer.id_of(None) is None


def test_an_added_word_that_is_not_special_stays_a_word():
    original = declared(letters())
    (ids,) = TextTokenizer(original).encode_batch(["a<word>b"])
    assert ids[1] == original.token_to_id("<word>")


def test_a_letter_that_serves_as_padding_is_still_that_letter():
    original = letters()
    original.add_special_tokens(["a"])
    assert TextTokenizer(original).encode_batch(["aab"])[0] == [
        original.token_to_id(c) for c in "aab"
    ]


@pytest.fixture
def folder(tmp_path):
    """A model folder whose settings alone say that `<word>` ends a text."""
    declared(letters()).save(str(tmp_path / "tokenizer.json"))
    settings = {"eos_token": {"content": "<word>"}, "bos_token": "<s>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    return tmp_path


def test_a_token_that_the_settings_name_is_a_control_token(folder):
    encoder = load_encoder(folder)
    original = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert encoder.end_of_text == original.token_to_id("<word>")
    assert encoder.first == original.token_to_id("<s>")
    assert encoder.end_of_text not in encoder.encode(["a<word>b"])[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"eos_token": "<s>", "additional_special_tokens": ["<word>"]},
        {"eos_token": "<s>", "extra_special_tokens": {"image_token": "<word>"}},
        {"eos_token": "<s>", "pad_token": "<word>"},
        {"eos_token": "<s>", "added_tokens_decoder": {"9": {"content": "<word>", "special": True}}},
    ],
)
def test_wherever_the_settings_declare_one(folder, settings):
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    word = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id("<word>")
    assert word not in load_encoder(folder).encode(["a<word>b"])[0]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "1.0"}', "\ufffd", "[" * 5000])
def test_a_damaged_tokenizer_is_one_sentence(folder, content):
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        load_encoder(folder)


def test_training_answering_and_measuring_encode_alike(tiny_base):
    """The example it began with, and the instruction prompt with the same text in it."""
    text = "The tokenizer ends a text with </s> and begins one with <s> ; <|endoftext|> is all."
    trained = load_encoder(tiny_base.model)
    tokenizer = load_tokenizer(tiny_base.model)
    (measured,) = encode(tokenizer, [text])
    assert measured[1:] == trained.encode([text])[0]
    assert tokenizer.decode(measured[1:], clean_up_tokenization_spaces=False).strip() == text
    control = set(tokenizer.decoder.all_special_ids)
    assert not control & set(measured[1:])


def test_a_prompt_that_spells_a_control_token_holds_none():
    original = declared(letters())
    encoder = PromptEncoder(TextTokenizer(original), original.token_to_id("</s>"))
    control = {original.token_to_id(token) for token in CONTROL[1:]}
    example = encoder.encode_example(render("alpaca", "a </s> b", "<s> a"), "<|im_start|> b</s>")
    assert example.input_ids[0] == original.token_to_id("<s>")
    assert example.input_ids[-1] == original.token_to_id("</s>")
    assert not control & set(example.input_ids[1:-1])


def test_quoting_the_end_of_text_token_does_not_end_a_document(tiny_base):
    encoder = load_encoder(tiny_base.model)
    (quoted,) = encoder.encode(["a <|endoftext|> b"])
    assert encoder.end_of_text not in quoted


def test_the_fast_and_the_slow_way_to_a_tokenizer_agree(tiny_base):
    from transformers import AutoTokenizer

    text = ["Naïve façades of Zürich: 日本語\n\tdef f(x):  return x", ""]
    encoder = load_encoder(tiny_base.model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_base.model)
    assert encoder.encode(text) == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert encoder.end_of_text == tokenizer.eos_token_id
    assert tokenizer.decode(encoder.encode(text)[0]) == text[0]


def test_a_folder_without_tokenizer_is_refused(tmp_path):
    with pytest.raises(ModelError, match="its tokenizer cannot be read"):
        load_encoder(tmp_path)


def test_a_tokenizer_without_end_of_text_is_refused(tiny_base, tmp_path):
    (tmp_path / "tokenizer.json").write_text((tiny_base.model / "tokenizer.json").read_text())
    with pytest.raises(ModelError, match="no end-of-text token"):
        load_encoder(tmp_path)


def framing(folder: Path, **settings: object) -> Path:
    """A folder with an encoder's tokenizer, and other settings of it."""
    save_tokenizer(folder, "bert")
    path = folder / "tokenizer_config.json"
    content = json.loads(path.read_text("utf-8")) | settings
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}), "utf-8")
    return folder


def test_documents_of_an_encoder_are_framed_and_spell_no_control_token(tmp_path):
    encode = load_framing(framing(tmp_path))
    first, second = encode(["ab", "<mask>"])
    assert (first[0], first[-1], len(first)) == (0, 1, 4)
    assert second[0] == 0 and second[-1] == 1 and 3 not in second


def test_an_encoder_without_a_mask_or_a_frame_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no token that masks"):
        load_framing(framing(tmp_path, mask_token=None, tokenizer_class="PreTrainedTokenizerFast"))
    save_tokenizer(tmp_path, "llama")
    with pytest.raises(ModelError, match="puts no token around a text"):
        load_framing(tmp_path)
