"""A tiny study on made-up text, whose data and base are really made: see `conftest.tiny_base`."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from rankscope.artefacts import layout
from rankscope.base.cli import model
from rankscope.data.cli import pack, rows
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from rankscope.train.cli import train

FILE = "./tiny.yaml"
STUDY = """\
study: tiny
title: A study that takes seconds
data:
  code: {source: text, path: code.jsonl, heldout_fraction: 0.2}
  english: {source: text, path: english.jsonl, heldout_fraction: 0.2}
  continuations:
    {source: continuations, documents: english, items: 8, context_words: 8, ending_words: 4}
base:
  source: embedded
  corpus: english
  vocabulary_size: 300
  hidden_size: 32
  layers: 2
  heads: 2
  intermediate_size: 64
  context_length: 32
  steps: 20
  batch_size: 4
train_on: code
seeds: [0]
recipe: {steps: 8, batch_size: 4, sequence_length: 32, keep: [0.5, 1.0]}
grid:
  - {method: full, learning_rate: 3.0e-3}
  - {method: lora, rank: [1, 4], alpha: 2r, learning_rate: 1.0e-2}
evaluate:
  tiny:
    - {name: code, kind: bits-per-byte, measures: learning, data: code, documents: 4}
    - {name: english, kind: bits-per-byte, measures: forgetting, data: english, documents: 4}
    - {name: endings, kind: harness, measures: forgetting, task: hellaswag, data: continuations}
headline: {learning: code, forgetting: english}
spectra: {epsilons: [0.3, 0.5], ks: [1, 4]}
"""
# weights large enough for what bitsandbytes does to them: rows of whole blocks of 64, 8,192 of them
WIDE_STUDY = STUDY.replace("hidden_size: 32", "hidden_size: 64").replace(
    "intermediate_size: 64", "intermediate_size: 128"
)
NOUNS = ["model", "matrix", "rank", "vector", "module", "file", "loss", "word", "page", "list"]
VERBS = ["holds", "reads", "keeps", "forgets", "splits", "joins", "counts", "writes"]


@dataclass(frozen=True)
class TinyBase:
    """A folder with `tiny.yaml`, its documents, and `results/` up to the base."""

    folder: Path
    study: Study

    @property
    def model(self) -> Path:
        """The base's folder in the Hugging Face layout."""
        return self.folder / layout.base_model(self.study.base.name)

    def rows(self, label: str) -> Path:
        """The rows of a data variant."""
        return self.folder / layout.data_rows(self.study.data[label].name)

    def copy_to(self, folder: Path) -> None:
        """Copy study, documents and results, so that a test can write beside them."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)


def write_tiny_documents(folder: Path) -> None:
    """Write `code.jsonl` and `english.jsonl`: 40 made-up documents each, the same every time."""
    draw = random.Random(0)
    for name in ("english", "code"):
        lines = [json_line(name, draw) for _ in range(40)]
        (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")


def json_line(kind: str, draw: random.Random) -> str:
    """One document of 12 sentences or statements, as a line of JSON."""
    parts = []
    for _ in range(12):
        a, b, verb = draw.choice(NOUNS), draw.choice(NOUNS), draw.choice(VERBS)
        prose = f"The {a} {verb} the {b} before another {a} {draw.choice(VERBS)} it."
        parts.append(prose if kind == "english" else f"{a} = {b}.{verb}({draw.randrange(100)})")
    text = (" " if kind == "english" else "\\n").join(parts)
    return f'{{"text": "{text}"}}\n'


def make_tiny_base(folder: Path, study: str = STUDY) -> TinyBase:
    """Make documents, items and base in `folder`, which is the working folder."""
    write_tiny_documents(folder)
    (folder / FILE).write_text(study, "utf-8")
    for label in ("code", "english", "continuations"):
        rows(label, study=FILE)
    make_base()
    return TinyBase(folder, load_study(FILE))


def make_base(file: str = FILE) -> None:
    """Make the embedded base of a study whose rows are there: blank, trained, and merged."""
    base = load_study(file).base
    model(base.root.name, study=file)
    pack(base.run.packed.name, study=file)
    train(base.run.name, file)
    model(study=file)
