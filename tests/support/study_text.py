"""A small complete study file for tests, with room for edits."""

STUDY = """\
study: mine
title: A study of ours
question: Does it work?

data:
  code: {source: standard-library, content: code, max_bytes: 6_000_000}
  english: {source: standard-library, content: english}
  items: {source: continuations, documents: english, items: 50}

base:
  source: embedded
  corpus: english
  vocabulary_size: 1024
  hidden_size: 128
  layers: 4
  heads: 4
  intermediate_size: 344
  context_length: 256

train_on: code
seeds: [0, 1]

recipe:
  steps: 250
  batch_size: 16
  sequence_length: 256
  schedule: linear
  keep: [0.1, 0.5, 1.0]

grid:
  - {method: full, learning_rate: 1.0e-3}
  - {method: lora, rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3}

evaluate:
  small:
    - {name: code, kind: bits-per-byte, measures: learning, data: code, documents: 100}
    - {name: english, kind: bits-per-byte, measures: forgetting, data: english, documents: 100}
    - {name: endings, kind: harness, measures: forgetting, task: hellaswag, data: items}

headline: {learning: code, forgetting: english}

spectra:
  epsilons: [0.2, 0.5, 0.8]
  ks: [1, 10]
"""


def edited(*edits: tuple[str, str]) -> str:
    """Return the study with each first text replaced by the second; it must stand there once."""
    text = STUDY
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in the study")
        text = text.replace(old, new)
    return text
