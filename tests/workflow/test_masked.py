"""A study of documents on a tiny encoder, measured by its spectra alone, from check to page."""

import json

import polars as pl

from document_runs import write_documents
from laboratory import Lab
from tiny_heads import save_family

STUDY = """\
study: tiny
title: Masked words
data:
  texts: {source: text, path: texts.jsonl, heldout_fraction: 0.25}
base: {source: local, path: encoder}
train_on: texts
seeds: [0]
recipe: {steps: 4, batch_size: 4, sequence_length: 32, keep: [1.0]}
grid:
  - {method: full, learning_rate: 5.0e-3}
  - {method: lora, rank: 2, alpha: 2r, learning_rate: 5.0e-3}
spectra: {ks: [2], epsilons: [0.5]}
"""


def test_an_encoder_is_trained_on_documents_and_its_spectra_are_shown(new_lab: Lab) -> None:
    write_documents(new_lab.folder / "texts.jsonl")
    save_family("roberta", new_lab.folder / "encoder")
    new_lab.study_file.write_text(STUDY, "utf-8")
    new_lab.snakemake()
    matrices = pl.read_parquet(new_lab.only("results/report/tiny/tables/matrices.parquet"))
    assert set(matrices["method"]) == {"Full", "LoRA r=2"}
    page = (new_lab.folder / "reports/tiny/index.html").read_text("utf-8")
    assert "Masked words" in page
    assert "training loss (nats per masked token)" in page
    (run,) = new_lab.folder.glob("results/train/full-*/run.json")
    assert json.loads(run.read_text("utf-8"))["results"]["predicts"] == "masked token"
