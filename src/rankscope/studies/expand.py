"""From a study file to its runs: the only place where a grid is unfolded.

Guarantees: `load_study` returns frozen, validated records in the order of the file, or raises
`StudyError`; two identical runs are refused. Not here: checks that need a model or the data
(`check`).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rankscope.records.data import DataSpec
from rankscope.records.evaluations import Suite
from rankscope.records.measurements import Published
from rankscope.records.methods import FullFineTuning, Lora, LoraOptions
from rankscope.records.recipes import Recipe
from rankscope.records.runs import BaseSpec, Run
from rankscope.records.study import Study
from rankscope.studies.embedded import EmbeddedBase
from rankscope.studies.file import read_study_file
from rankscope.studies.form import FullBlock, LoraBlock, StudyFile
from rankscope.studies.mistakes import mistakes
from rankscope.studies.source import Mistake, Place, Source
from rankscope.studies.store import is_kept, kept_study

STUDIES = Path("workflow/studies")
MOST_RUNS = 5_000
MOST_DRAWN = 20_000
_MOST = f"allowed: at most {MOST_RUNS:,} in a study; divide it, or take out values of its lists"


@dataclass(frozen=True)
class Expansion:
    """A study with what it was unfolded from: for messages that name a line."""

    study: Study
    file: StudyFile
    source: Source
    blocks: dict[str, Place]
    """The block of the grid that each run comes from."""


def study_path(study: str) -> Path:
    """Return the file of a study given by name (`demo`) or by path (`path/to/mine.yaml`)."""
    if study.endswith((".yaml", ".yml")) or "/" in study:
        return Path(study)
    return STUDIES / f"{study}.yaml"


def study_beside(path: str | Path, name: str) -> Path:
    """Return the file of the study `name` that the study in `path` cites: beside it, or shipped."""
    beside = Path(path).with_name(f"{name}.yaml")
    return beside if beside.exists() else study_path(name)


def load_study(study: str | Path) -> Study:
    """Read a study, named or by path, and unfold its grid; a kept record is unfolded already.

    Raises:
        StudyError: the file is missing or cannot be run as written; lists every mistake.
    """
    return kept_study(study) if is_kept(study) else load_expansion(study).study


def _canonical(path: Path) -> str:
    """The same text for every way to write the path of a study: below here relative, else not."""
    written = os.path.relpath(path)
    return str(path.absolute()) if written.startswith(os.pardir) else written


def load_expansion(study: str | Path) -> Expansion:
    """Do as `load_study`, and return also where each run stands in the file."""
    path = study if isinstance(study, Path) else study_path(study)
    file, source = read_study_file(path)
    runs = _unfolded(file, source)
    samplings = sorted({run.sampling_seed for run, _ in runs})
    expanded = Study(
        study=file.study,
        title=file.title,
        question=file.question,
        path=_canonical(path),
        base=_base(file),
        data=dict(_variants(file, samplings)),
        runs=tuple(run for run, _ in runs),
        versions=tuple(
            Published(base=_base(file), label=label, where=where)
            for label, where in file.versions.items()
        ),
        series=dict(_series(file, runs)),
        suites=tuple(_suites(file, samplings)),
        spectra=file.spectra,
        headline=(file.headline.learning, file.headline.forgetting) if file.headline else None,
        tuned_in=file.tuned_in,
    )
    return Expansion(expanded, file, source, {run.name: block for run, block in runs})


def _base(file: StudyFile) -> BaseSpec:
    """The base as a record: of the embedded one, what it stands for."""
    return file.base.unfolded() if isinstance(file.base, EmbeddedBase) else file.base


def _series(file: StudyFile, runs: list[tuple[Run, Place]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each run whose block belongs to a series, with the series' label."""
    labels: dict[Place, str | None] = {
        ("grid", number): block.series for number, block in enumerate(file.grid)
    }
    for run, place in runs:
        label = labels[place]
        if label is not None:
            yield run.name, label


def _variants(file: StudyFile, samplings: list[int]) -> Iterator[tuple[str, DataSpec]]:
    """Yield the variants by label; those without a sampling seed once per sampling."""
    for label, spec in file.data.items():
        if spec.undrawn:
            yield from ((f"{label}-s{seed}", spec.drawn(seed)) for seed in samplings)
        else:
            yield label, spec


def _suites(file: StudyFile, samplings: list[int]) -> Iterator[Suite]:
    """Yield the suites; one that depends on the sampling is unfolded into one per sampling.

    Each holds all evaluations of its label, so that a run is loaded once for all of them. The base,
    which every suite measures, then answers what samplings share once for each of them: little
    beside a process of its own for every run, and the report takes one.
    """
    for label, evaluations in file.evaluate.items():
        if not any(each.data.undrawn for each in evaluations):
            yield Suite(suite=label, evaluations=tuple(evaluations))
            continue
        for seed in samplings:
            drawn = tuple(each.replaced(data=each.data.drawn(seed)) for each in evaluations)
            yield Suite(suite=label, evaluations=drawn, sampling_seed=seed)


def _unfolded(file: StudyFile, source: Source) -> list[tuple[Run, Place]]:
    """Return every run with the block it comes from.

    Raises:
        StudyError: a recipe contradicts itself, or two runs are the same.
    """
    found: list[Mistake] = []
    runs: dict[str, tuple[Run, Place]] = {}
    _refuse_too_many(file, source)
    for number, block in enumerate(file.grid):
        place: Place = ("grid", number)
        try:
            unfolded = list(_runs(file, block))
        except ValidationError as error:
            found += _recipe_mistakes(error, file, block, place)
            continue
        for run in unfolded:
            if run.name in runs:
                found.append(_twice(run, place, runs[run.name][1], source))
            runs.setdefault(run.name, (run, place))
    if found:
        raise source.error(found)
    return list(runs.values())


def _refuse_too_many(file: StudyFile, source: Source) -> None:
    """Refuse a study of more runs, or evaluations of samplings, than anyone will train.

    Raises:
        StudyError: names the block, or the list of evaluations.
    """
    total = 0
    for number, block in enumerate(file.grid):
        lists: list[tuple[Any, ...]] = [
            block.train_on or file.train_on,
            block.seeds or file.seeds,
            block.learning_rate,
            *((block.rank, block.alpha) if isinstance(block, LoraBlock) else ()),
        ]
        total += prod(map(len, lists))
        if total > MOST_RUNS:
            text = f"the grid unfolds to {total:,} runs"
            raise source.error([Mistake(("grid", number), f"{text}; {_MOST}")])
    seeds = {seed for block in file.grid for seed in block.seeds or file.seeds}
    drawn = len(seeds) * (sum(map(len, file.evaluate.values())) + len(file.data))
    if drawn > MOST_DRAWN:
        text = f"{len(seeds):,} seeds draw data and evaluations {drawn:,} times"
        raise source.error([Mistake(("seeds",), f"{text}; allowed: at most {MOST_DRAWN:,}")])


def _runs(file: StudyFile, block: FullBlock | LoraBlock) -> Iterator[Run]:
    base = _base(file)
    seeds = block.seeds if block.seeds is not None else file.seeds
    variants = block.train_on if block.train_on is not None else file.train_on
    for data, method, rate in product(variants, _methods(block), block.learning_rate):
        recipe = Recipe(learning_rate=rate, **{**file.recipe, **block.recipe})
        for seed in seeds:
            drawn = data.drawn(seed)
            yield Run(base=base, data=drawn, method=method, recipe=recipe, seed=seed)


def _methods(block: FullBlock | LoraBlock) -> Iterator[FullFineTuning | Lora]:
    if isinstance(block, FullBlock):
        yield FullFineTuning()
        return
    options = {option: getattr(block, option) for option in LoraOptions.model_fields}
    for rank, alpha in product(block.rank, block.alpha):
        yield Lora(rank=rank, alpha=alpha, **options)


def _recipe_mistakes(
    error: ValidationError, file: StudyFile, block: FullBlock | LoraBlock, place: Place
) -> list[Mistake]:
    """Say of each mistake in a merged recipe where its key stands: in the block or the study."""
    merged = {**file.recipe, **block.recipe}
    found = []
    for mistake in mistakes(error, merged, Recipe):
        inside = bool(mistake.place) and mistake.place[0] in block.recipe
        section: Place = (*place, "recipe") if inside else ("recipe",)
        found.append(Mistake((*section, *mistake.place), mistake.text))
    return found


def _twice(run: Run, place: Place, first: Place, source: Source) -> Mistake:
    """Say that a run stands in two blocks, also where these are of two series.

    A run that was in both would count twice wherever the series are put together.
    """
    earlier = "this block" if first == place else f"the block in line {source.line(first)}"
    remedy = "change or remove one of them"
    if source.value((*place, "series")) != source.value((*first, "series")):
        remedy += "; runs that two series share stand once, in a block without `series`"
    return Mistake(
        place,
        f"run {run.name} ({run.method.label}, learning rate {run.recipe.learning_rate:g}, seed"
        f" {run.seed}) is described twice, already by {earlier}; {remedy}",
    )
