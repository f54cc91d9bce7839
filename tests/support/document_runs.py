"""Runs on documents, and what is asked of runs, step by step without a study file."""

import json
import random
from pathlib import Path

import polars as pl

from evaluated import read_scores
from labelled_runs import WORDS
from rankscope.artefacts.reading import versions_of
from rankscope.evaluate.predict import Job, predict
from rankscope.evaluate.score import score
from rankscope.records.data import TextFiles
from rankscope.records.evaluations import Evaluation, Suite
from rankscope.records.measurements import Answers, Scores, Subject


def write_documents(path: Path, number: int = 40) -> Path:
    """Write short documents of a few words."""
    draw = random.Random(0)
    texts = [f"{each}: " + " ".join(draw.choices(WORDS, k=6)) for each in range(number)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    return path


def documents(path: Path) -> TextFiles:
    """The record of such a file."""
    return TextFiles(source="text", path=str(path), heldout_fraction=0.25)


def ask(subject: Subject, evaluation: Evaluation) -> pl.DataFrame:
    """Ask every kept step of a run, or a base, and return the scores."""
    suite = Suite(suite="asked", evaluations=(evaluation,))
    scores = Scores(answers=Answers(subjects=(subject,), suite=suite))

    predict([Job(scores.answers.name, subject.versions(versions_of), suite.evaluations)])
    score(scores.name, scores.answers.name, suite.evaluations)
    return read_scores(scores)
