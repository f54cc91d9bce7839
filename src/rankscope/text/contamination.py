"""What a study measures and also trains on, as sentences for the check and for the report.

Guarantees: documents and items of an evaluation are compared with the training text of every run
and of the embedded base, across variants: by passages of 50 characters and by whole texts, where
both have been made (`rankscope data rows`), or are small enough of one's own files for the check
to read them. Beyond `most_bytes` of text whole texts alone are compared, by their hashes. Nothing
is said of what is apart by construction: test sets and mixtures of one collection, modules of the
standard library that are split alike. Of variants of the hub that have not been made it is said
that they were not compared.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rankscope.artefacts import layout
from rankscope.artefacts.fingerprint import regular_files_of
from rankscope.artefacts.hashes import content_hashes
from rankscope.records.data import DataSpec
from rankscope.records.evaluations import Evaluation
from rankscope.records.study import Study
from rankscope.records.variant import Data

if TYPE_CHECKING:
    import polars as pl

ReadsDocuments = Callable[[Data], "pl.DataFrame | None"]

FOR_A_CHECK = 16 << 20
FOR_A_REPORT = 1 << 30
"""Bytes of text that are compared passage by passage."""


@dataclass(frozen=True)
class Finding:
    """A remark on one evaluation."""

    evaluation: str
    text: str


def findings(study: Study, most_bytes: int, read: "ReadsDocuments | None" = None) -> list[Finding]:
    """Return what of a study's evaluations is also trained on, and what is one and the same.

    `read` makes the rows of one's own files that have not been made, if they are to be read at all.
    """
    evaluations = {each.name: each for suite in study.suites for each in suite.evaluations}
    reader = Reader(most_bytes, read)
    found = [
        Finding(evaluation.name, text)
        for evaluation in evaluations.values()
        for what, trained in _trained(study)
        if (text := _compared(study, evaluation, trained, what, reader))
    ]
    return list(dict.fromkeys([*_one_and_the_same(study, list(evaluations.values())), *found]))


def _trained(study: Study) -> Iterator[tuple[str, DataSpec]]:
    """Yield everything that is trained on, with what is trained on it."""
    for spec in {run.data.name: run.data for run in study.runs}.values():
        yield "runs train on", spec
    for data in study.base.learned_from:
        yield "the base was pre-trained on", data


def _one_and_the_same(study: Study, evaluations: list[Evaluation]) -> Iterator[Finding]:
    """Find learning and forgetting that are measured on the same documents."""
    for one in evaluations:
        for other in evaluations:
            if (one.measures, other.measures) != ("learning", "forgetting"):
                continue
            data = one.data.heldout_of
            if data.name == other.data.heldout_of.name:
                in_headline = study.headline == (one.name, other.name)
                yield Finding(
                    other.name,
                    f"{one.name} (learning) and {other.name} (forgetting) are measured on the same"
                    f" documents, those of {_label(study, data)}"
                    f"{', also in the headline' if in_headline else ''}: what one gains the other"
                    " does not lose; measure forgetting on other text",
                )


def _compared(
    study: Study, evaluation: Evaluation, trained: DataSpec, what: str, reader: "Reader"
) -> str | None:
    """Return the sentence about one evaluation and one thing that is trained on."""
    measured = evaluation.data.heldout_of
    label, of = _label(study, measured), f"text of {_label(study, trained)}, which {what}"
    if measured.name == trained.name:
        left = _left_in_common(measured)
        if not left:
            return None
        return (
            f"{left} held-out documents of {label} share passages with its training documents:"
            " taking the passages out would have left less than half of the text"
        )
    if _apart(measured, trained):
        return None
    counts = reader.compare(measured, trained)
    if counts is None:
        return _same_files(label, measured, trained, of) or _unknown(
            label, of, [_label(study, spec) for spec in (measured, trained) if reader.lacks(spec)]
        )
    same, sharing, total = counts
    if sharing == total:
        return (
            f"all {total} held-out items of {label} are {of} ({same} of them word for word):"
            f" {evaluation.name} measures training loss, not {evaluation.measures}"
        )
    if sharing:
        return (
            f"{sharing} of {total} held-out items of {label} share passages with {of} ({same} of"
            f" them word for word): {evaluation.name} measures training loss there, not"
            f" {evaluation.measures}"
        )
    return _same_files(label, measured, trained, of)


def _apart(measured: Data, trained: Data) -> bool:
    """Whether the two are apart by construction, or the checks see to it."""
    whole = measured.kept_apart_within
    return whole is not None and whole == trained.kept_apart_within


def _unknown(label: str, of: str, lacking: list[str]) -> str | None:
    """Say that two variants were not compared, as what is fetched has not been made yet."""
    if not lacking:
        return None
    return (
        f"{label} was not compared with {of}, because what comes from the hub has not been made"
        f" yet: {' and '.join(lacking)}. `rankscope data rows` makes it; then this check compares"
        " the two, as the report does"
    )


def _left_in_common(spec: Data) -> int:
    """Return how many held-out documents share text with the training ones of their variant."""
    manifest = Path(layout.data_manifest(spec.name))
    if not manifest.exists():
        return 0
    results = json.loads(manifest.read_text("utf-8")).get("results", {})
    return int(results.get("overlap", {}).get("remaining", 0))


def _same_files(label: str, measured: Data, trained: Data, of: str) -> str | None:
    """Say that two variants read the same files, under whatever names."""
    one, other = (set(content_hashes(_files(spec)).values()) for spec in (measured, trained))
    if not one & other:
        return None
    return (
        f"{label} reads {len(one & other)} of its {len(one)} files word for word as {of}; what it"
        " measures was not trained on only as far as both are split alike"
    )


def _files(spec: Data) -> list[Path]:
    return [path for files in spec.file_sets for path in regular_files_of(files)]


def _label(study: Study, spec: Data) -> str:
    labels = [label for label, known in study.data.items() if known.name == spec.name]
    return f'"{labels[0]}"' if labels else spec.name


@dataclass(frozen=True)
class _Texts:
    """Texts with the hashes by which they are the same; no texts where there is too much."""

    hashes: tuple[str, ...]
    texts: tuple[str, ...] | None


class Reader:
    """Reads the texts of variants, each once: of made rows, or of few files of the user's."""

    def __init__(self, most_bytes: int, read: "ReadsDocuments | None") -> None:
        self._most_bytes, self._read = most_bytes, read
        self.texts = cache(self._texts)

    def lacks(self, spec: Data) -> bool:
        """Whether a variant cannot be read here because it was not fetched."""
        return spec.is_fetched and self.texts(spec, True) is None

    def compare(self, measured: Data, trained: Data) -> tuple[int, int, int] | None:
        """Count the measured texts: equal to one trained on, sharing a passage, and all.

        None where one of the two cannot be read here, or has no text of that side.
        """
        from rankscope.text.overlap import shared_positions

        held, training = self.texts(measured, True), self.texts(trained, False)
        if held is None or training is None or not held.hashes:
            return None
        known = set(training.hashes)
        same = [hashed in known for hashed in held.hashes]
        sharing = same
        # tasks share their definitions and passages on purpose: only whole inputs count there
        on_purpose = measured.shares_passages and trained.shares_passages
        if not on_purpose and held.texts is not None and training.texts is not None:
            shared = shared_positions(held.texts, training.texts)
            sharing = [equal or bool(at.any()) for equal, at in zip(same, shared, strict=True)]
        return sum(same), sum(sharing), len(same)

    def _texts(self, spec: Data, heldout: bool) -> _Texts | None:
        rows = self._rows(spec)
        if rows is None:
            return None
        if spec.has_heldout_rows:
            rows = rows.filter(split="heldout" if heldout else "train")
        return _Texts(
            tuple(rows["sha256"]), tuple(rows["text"]) if "text" in rows.columns else None
        )

    def _rows(self, spec: Data) -> "pl.DataFrame | None":
        import polars as pl

        from rankscope.artefacts.reading import scan_parquet

        made = Path(layout.data_rows(spec.name))
        if made.exists():
            lazy = scan_parquet(made)
            size = lazy.select(pl.col("text").str.len_bytes().sum()).collect().item() or 0
            columns = ["sha256", "split", *(["text"] if size <= self._most_bytes else [])]
            return lazy.select(columns).collect()
        if self._read is not None and spec.file_sets and self._is_small(spec):
            return self._read(spec)
        return None

    def _is_small(self, spec: Data) -> bool:
        files = _files(spec)
        # text in parquet is compressed, to a fifth at most as a rule
        sizes = [path.stat().st_size * (5 if path.suffix == ".parquet" else 1) for path in files]
        return sum(sizes) <= self._most_bytes // 2
