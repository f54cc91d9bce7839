"""The byte-level BPE: reversible, reproducible, readable by transformers."""

from hypothesis import given
from hypothesis import strategies as st

from rankscope.base.tokenizer import END_OF_TEXT, END_OF_TEXT_ID, save_tokenizer, train_tokenizer

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog"] * 5
TOKENIZER = train_tokenizer(TEXTS, 270)


@given(st.text())
def test_every_text_decodes_to_itself(text):
    encoding = TOKENIZER.encode(text)
    assert TOKENIZER.decode(encoding.ids, skip_special_tokens=False) == text


def test_the_first_token_ends_a_text_and_the_bytes_follow():
    assert TOKENIZER.token_to_id(END_OF_TEXT) == END_OF_TEXT_ID
    assert TOKENIZER.get_vocab_size() == 270
    assert len(TOKENIZER.encode("\x00\xff").ids) == len("\x00\xff".encode())


def test_frequent_words_are_merged():
    assert len(TOKENIZER.encode("the cat and the cat").ids) < 12


def test_the_same_texts_give_the_same_tokenizer():
    assert train_tokenizer(TEXTS, 270).to_str() == TOKENIZER.to_str()


def test_a_small_corpus_gives_a_smaller_vocabulary():
    assert train_tokenizer(["ab"], 500).get_vocab_size() < 500


def test_transformers_loads_what_is_saved(tmp_path):
    from transformers import AutoTokenizer

    save_tokenizer(TOKENIZER, tmp_path, 128)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "the cat\n\tsat,  Zürich"
    assert loaded(text)["input_ids"] == TOKENIZER.encode(text).ids
    assert (loaded.eos_token_id, loaded.model_max_length) == (END_OF_TEXT_ID, 128)
