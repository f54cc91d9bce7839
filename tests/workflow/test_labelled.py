"""A study of labelled pairs on a tiny encoder, from check to page."""

import polars as pl

from labelled_runs import write_pairs
from laboratory import Lab
from tiny_heads import save_family

STUDY = """\
study: tiny
title: Which of two labels
data:
  pairs:
    source: labelled
    path: pairs.jsonl
    text_fields: [a, b]
    labels: [same, other]
    heldout_fraction: 0.25
base: {source: local, path: encoder}
train_on: pairs
seeds: [0]
recipe: {steps: 4, batch_size: 4, sequence_length: 32, keep: [1.0]}
grid:
  - {method: lora, rank: 2, alpha: 2r, learning_rate: 5.0e-3}
evaluate:
  tiny:
    - {name: labels, kind: classify, measures: learning, data: pairs, text_tokens: 32}
"""


def test_an_encoder_is_trained_and_asked_for_labels(new_lab: Lab) -> None:
    write_pairs(new_lab.folder / "pairs.jsonl")
    save_family("roberta", new_lab.folder / "encoder")
    new_lab.study_file.write_text(STUDY, "utf-8")
    new_lab.snakemake()
    scores = pl.read_parquet(new_lab.only("results/report/tiny/tables/items.parquet"))
    labels = scores.filter(evaluation="labels", metric="accuracy")
    assert labels.filter(step=0)["score"].unique().to_list() == [0.5]
    trained = labels.filter(pl.col("step") == 4)
    assert trained.height == 12
    assert set(trained["score"]) <= {0.0, 1.0}
    page = (new_lab.folder / "reports/tiny/index.html").read_text("utf-8")
    assert "Which of two labels" in page
