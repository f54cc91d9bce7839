"""What the checks look at: a study, the file it was written in, and the shape of its base."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rankscope.check.shapes import BaseShape, base_folder, base_shape
from rankscope.errors import ModelError
from rankscope.foreign import is_file, is_folder, read_json_object
from rankscope.records.bases import BlankBase
from rankscope.records.data import DataSpec
from rankscope.records.evaluations import Evaluation
from rankscope.records.heads import Head
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.expand import Expansion
from rankscope.studies.form import StudyFile
from rankscope.studies.source import Place, Source, dotted
from rankscope.weights.context_length import context_length
from rankscope.weights.loading import read_config
from rankscope.weights.text_head import text_head_of


@dataclass(frozen=True)
class Subject:
    """A study that is checked, with ways to find the place of what is wrong."""

    expansion: Expansion

    @property
    def study(self) -> Study:
        """The unfolded study."""
        return self.expansion.study

    @property
    def file(self) -> StudyFile:
        """The study as written."""
        return self.expansion.file

    @property
    def source(self) -> Source:
        """The lines of the file."""
        return self.expansion.source

    @cached_property
    def shape(self) -> BaseShape | None:
        """The matrices of the base, if they can be known."""
        return base_shape(self.study.base)

    @cached_property
    def config(self) -> dict[str, Any] | None:
        """The configuration of the base, where it can be read; `check.base` says why if not."""
        folder = base_folder(self.study.base)
        if folder is None:
            return None
        try:
            return read_json_object(folder / "config.json", ModelError)
        except ModelError:
            return None

    @cached_property
    def text_head(self) -> Head:
        """The head that the base is trained on documents with; causal where that is not known."""
        return text_head_of(self.config or {})

    @cached_property
    def context(self) -> int | None:
        """How many tokens the base attends to; None if that is unlimited or not known."""
        base = self.study.base.root
        if isinstance(base, BlankBase):
            return base.context_length
        folder = base_folder(base)
        if folder is None:
            return None
        try:
            found = context_length(read_json_object(folder / "config.json", ModelError))
            if not found.known:
                # what config.json leaves out, the library's defaults say, which take seconds
                found = context_length(read_config(folder).to_dict())
        except ModelError:
            return None  # for the checks of the base itself to say
        return found.tokens

    def evaluations(self) -> Iterator[tuple[Place, Evaluation]]:
        """Every evaluation as written, with its place."""
        for suite, evaluations in self.file.evaluate.items():
            for number, evaluation in enumerate(evaluations):
                yield ("evaluate", suite, number), evaluation

    def one_run_per_block_and_rank(self) -> Iterator[tuple[Place, Run]]:
        """One run of each block, data variant and rank: enough for checks that ignore the rest."""
        seen = set()
        for run in self.study.runs:
            place = self.expansion.blocks[run.name]
            key = (place, run.data.name, run.method.rank)
            if key not in seen:
                seen.add(key)
                yield place, run

    def entry(self, place: Place, value: object) -> Place:
        """The entry of a list that is `value`, or the list's place if it is a single value."""
        written = self.source.value(place)
        return (*place, written.index(value)) if isinstance(written, tuple) else place

    def recipe_key(self, block: Place, key: str) -> Place:
        """Where a key of a block's recipe stands: in the block, in the study, or nowhere."""
        here: Place = (*block, "recipe", key)
        return here if self.source.value(here) is not None else ("recipe", key)

    def note(self, place: Place, text: str) -> str:
        """Return a remark with the place it is about."""
        line = self.source.line(place)
        where = f"{self.study.path}:{line}" if line else self.study.path
        return f"{where}: {dotted(place)}: {text}"

    def path_hint(self, path: str) -> str:
        """What may have been meant by a path in the study that leads nowhere; empty if unknown."""
        if path.startswith("~"):
            return "; ~ is not expanded: write the path out"
        beside = self.source.path.parent / path
        if _is_there(Path(path)) or not _is_there(beside):
            return ""
        return (
            f"; it lies beside the study, as {beside}: paths are seen from the folder of the run,"
            " so write that, or an absolute path"
        )

    def label(self, spec: DataSpec) -> str:
        """The label of a variant in the study file, quoted."""
        labels = [label for label, known in self.study.data.items() if known.name == spec.name]
        return f'"{labels[0]}"' if labels else spec.name


def _is_there(path: Path) -> bool:
    return is_file(path) or is_folder(path)
