"""Rows as token ids: a module for each way in which a variant is trained on.

Each has `encoder(spec, model, length)`, the tokenizer of a model folder, and `encoded(spec, rows,
encoder, length)`, which gives the table that a run reads, and its counts.
"""
