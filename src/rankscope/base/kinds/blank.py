"""A model that nothing was trained into yet, with a tokenizer made from its corpus.

Guarantees: the same record and corpus give the same weights and the same tokenizer to the bit. The
weights are those that transformers draws for the architecture, from the base's seed.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from transformers import LlamaConfig, LlamaForCausalLM, set_seed
from transformers.utils import logging as transformers_logging

from rankscope.artefacts.manifest import Manifest
from rankscope.base.tokenizer import END_OF_TEXT_ID, save_tokenizer, train_tokenizer
from rankscope.errors import DataError
from rankscope.records.bases import BlankBase
from rankscope.text.documents import TRAIN
from rankscope.text.rows import read_rows


def make(base: BlankBase, inputs: Sequence[Path], output: Path, record: Manifest) -> None:
    """Train the tokenizer on the training split of `inputs`, the rows; draw the weights.

    Raises:
        ArtefactError: the rows are missing.
        DataError: the corpus is too small for the vocabulary.
    """
    transformers_logging.disable_progress_bar()
    (rows,) = inputs
    documents = read_rows(rows, base.corpus.name)
    folder = record.folder(output)
    texts = documents.filter(pl.col("split") == TRAIN)["text"]
    tokenizer = train_tokenizer(texts, base.vocabulary_size)
    if tokenizer.get_vocab_size() < base.vocabulary_size:
        raise DataError(
            f"{base.corpus.name}: the corpus gives a vocabulary of {tokenizer.get_vocab_size()},"
            f" and base.vocabulary_size is {base.vocabulary_size}; lower it or give more text"
        )
    save_tokenizer(tokenizer, folder, base.context_length)
    model = new_model(base)
    model.save_pretrained(folder)
    record.results = {"parameters": sum(weight.numel() for weight in model.parameters())}


def new_model(base: BlankBase) -> LlamaForCausalLM:
    """Return the model with its initial weights, drawn from the base's seed."""
    set_seed(base.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=base.vocabulary_size,
            hidden_size=base.hidden_size,
            intermediate_size=base.intermediate_size,
            num_hidden_layers=base.layers,
            num_attention_heads=base.heads,
            num_key_value_heads=base.heads,
            max_position_embeddings=base.context_length,
            tie_word_embeddings=True,
            initializer_range=base.initializer_range,
            bos_token_id=END_OF_TEXT_ID,
            eos_token_id=END_OF_TEXT_ID,
            pad_token_id=None,
        )
    )
