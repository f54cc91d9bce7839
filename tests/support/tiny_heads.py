"""Random models of the families that end in a classifier, with a tokenizer that knows pairs."""

from pathlib import Path
from typing import Any

SIZES = {"vocab_size": 320, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4}  # fmt: skip
POSITIONS = 40
ENCODERS = ("bert", "roberta", "deberta")
FAMILIES = ("llama", "gpt2", *ENCODERS)
HEADS = {
    "llama": ("score",),
    "gpt2": ("score",),
    "bert": ("bert.pooler", "classifier"),
    "roberta": ("classifier",),
    "deberta": ("pooler", "classifier"),
}
"""What each of them ends in as a classifier."""


def language_model(family: str) -> Any:
    """A random model with the head that its family is pre-trained with, the seed being set."""
    import transformers as t

    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None}
    encoder = SIZES | {"pad_token_id": 2, "max_position_embeddings": POSITIONS}
    if family == "llama":
        return t.LlamaForCausalLM(
            t.LlamaConfig(**SIZES, **ids, max_position_embeddings=POSITIONS,
                          tie_word_embeddings=False)
        )  # fmt: skip
    if family == "gpt2":
        sizes = {"vocab_size": 320, "n_embd": 32, "n_layer": 2, "n_head": 4}
        return t.GPT2LMHeadModel(t.GPT2Config(**sizes, **ids, n_positions=POSITIONS))
    if family == "bert":
        return t.BertForMaskedLM(t.BertConfig(**encoder, type_vocab_size=2))
    if family == "roberta":
        # positions begin behind the padding token's id
        encoder["max_position_embeddings"] = POSITIONS + 3
        return t.RobertaForMaskedLM(t.RobertaConfig(**encoder, type_vocab_size=1))
    relative = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
    return t.DebertaForMaskedLM(t.DebertaConfig(**encoder, **relative, type_vocab_size=0))


def save_tokenizer(folder: Path, family: str) -> None:
    """Write a byte-level tokenizer; those of encoders frame a text, and a pair, as BERT's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<s>", "</s>", "<pad>", "<mask>"]
    words = {word: number for number, word in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=words, merges=[]))
    tokenizer.add_special_tokens(special)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    roles = {"bos_token": "<s>", "eos_token": "</s>"}
    if family in ENCODERS:
        second = 0 if family == "roberta" else 1
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>",
            pair=f"<s> $A </s> $B:{second} </s>:{second}",
            special_tokens=[("<s>", 0), ("</s>", 1)],
        )
        roles = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>",
                 "mask_token": "<mask>"}  # fmt: skip
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles).save_pretrained(folder)


def save_family(family: str, folder: Path, spread: float = 0.15) -> Path:
    """Write a base of the family, its matrices of a size at which heads and layers matter."""
    import torch

    torch.manual_seed(0)
    model = language_model(family)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=spread)
    model.save_pretrained(folder)
    save_tokenizer(folder, family)
    return folder
