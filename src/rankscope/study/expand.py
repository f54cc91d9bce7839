"""From a study file to its runs: the only place where a grid is unfolded.

Guarantees: `load_study` returns frozen, validated records in the order of the file, or raises
`StudyError`; two identical runs are refused. Not here: checks that need a model or the data
(`check`).
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from rankscope.errors import StudyError
from rankscope.study.file import GridBlock, StudyFile, read_study_file
from rankscope.study.identity import canonical_json
from rankscope.study.specs import (
    BaseSpec,
    DataSpec,
    DocumentSpec,
    Evaluation,
    FullFineTuning,
    Lora,
    Recipe,
    Run,
    Study,
    Suite,
)

Record = TypeVar("Record")
STUDIES = Path("workflow/studies")


def study_path(study: str) -> Path:
    """Return the file of a study given by name (`demo`) or by path (`path/to/mine.yaml`)."""
    if study.endswith((".yaml", ".yml")) or "/" in study:
        return Path(study)
    return STUDIES / f"{study}.yaml"


def load_study(study: str | Path) -> Study:
    """Read a study, named or by path, and unfold its grid."""
    path = study if isinstance(study, Path) else study_path(study)
    return expand(read_study_file(path), path)


def expand(file: StudyFile, path: Path) -> Study:
    """Unfold the grid of `file`; `path` is named in error messages."""
    data = _named_data(file, path)
    base = _base(file, data, path)
    runs = tuple(
        run
        for number, block in enumerate(file.grid)
        for run in _runs(file, block, number, base, data, path)
    )
    _refuse_duplicates(runs, path)
    return Study(
        study=file.study,
        title=file.title,
        question=file.question,
        path=str(path),
        base=base,
        data=data,
        runs=runs,
        suites=tuple(_suite(name, entries, data, path) for name, entries in file.evaluate.items()),
        spectra=file.spectra,
        headline=(file.headline["learning"], file.headline["forgetting"])
        if file.headline
        else None,
    )


def _parse(kind: Any, content: Any, where: str) -> Any:
    """Validate `content` as `kind`, with `where` in the error."""
    try:
        return TypeAdapter(kind).validate_json(canonical_json(content), strict=True)
    except ValidationError as error:
        raise StudyError(f"{where}: {error}") from None


def _resolve(entry: dict[str, Any], key: str, data: dict[str, Any], where: str) -> dict[str, Any]:
    """Replace the name of a data variant under `key` by the variant's record."""
    name = entry.get(key)
    if not isinstance(name, str):
        return entry
    if name not in data:
        known = ", ".join(sorted(data)) or "none"
        raise StudyError(f"{where}.{key}: no data variant is called {name!r}; defined: {known}")
    return {**entry, key: data[name].canonical()}


def _named_data(file: StudyFile, path: Path) -> dict[str, Any]:
    """Validate the data variants; one that refers to another must come after it."""
    data: dict[str, Any] = {}
    for name, entry in file.data.items():
        where = f"{path}: data.{name}"
        data[name] = _parse(DataSpec, _resolve(entry, "documents", data, where), where)
    return data


def _base(file: StudyFile, data: dict[str, Any], path: Path) -> Any:
    if isinstance(file.base, BaseModel):
        return file.base
    return _parse(BaseSpec, _resolve(file.base, "corpus", data, f"{path}: base"), f"{path}: base")


def _suite(
    name: str, entries: tuple[dict[str, Any], ...], data: dict[str, Any], path: Path
) -> Suite:
    where = f"{path}: evaluate.{name}"
    evaluations = tuple(
        _parse(
            Evaluation, _resolve(entry, "data", data, f"{where}[{number}]"), f"{where}[{number}]"
        )
        for number, entry in enumerate(entries)
    )
    return Suite(suite=name, evaluations=evaluations)


def _axis(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _runs(
    file: StudyFile, block: GridBlock, number: int, base: Any, data: dict[str, Any], path: Path
) -> Iterator[Run]:
    where = f"{path}: grid[{number}]"
    seeds = block.seeds if block.seeds is not None else file.seeds
    variants = _axis(block.train_on if block.train_on is not None else file.train_on)
    for name, method, rate, seed in product(
        variants, _methods(block, where), _axis(block.learning_rate), seeds
    ):
        trained_on = _resolve({"data": name}, "data", data, where)["data"]
        recipe = {**file.recipe, **block.recipe, "learning_rate": rate}
        yield Run(
            base=base,
            data=_parse(DocumentSpec, trained_on, where),
            method=method,
            recipe=_parse(Recipe, recipe, f"{where}.recipe"),
            seed=seed,
        )


def _methods(block: GridBlock, where: str) -> Iterator[FullFineTuning | Lora]:
    if block.method == "full":
        yield FullFineTuning()
        return
    if block.rank is None:
        raise StudyError(f"{where}.rank: LoRA needs a rank, or a list of ranks, such as [4, 16]")
    chosen = {
        key: value
        for key in ("target_modules", "dropout", "rslora", "allow_rank_above_dimension")
        if (value := getattr(block, key)) is not None
    }
    for rank, alpha in product(_axis(block.rank), _axis(block.alpha or "2r")):
        yield Lora(rank=rank, alpha=_alpha(alpha, rank), **chosen)


def _alpha(alpha: str | float, rank: int) -> float:
    rules = {"r": float(rank), "2r": 2.0 * rank, "sqrt(r)": rank**0.5}
    return rules[alpha] if isinstance(alpha, str) else float(alpha)


def _refuse_duplicates(runs: tuple[Run, ...], path: Path) -> None:
    seen: set[str] = set()
    for run in runs:
        if run.name in seen:
            raise StudyError(
                f"{path}: the grid describes run {run.name} twice ({run.method.label},"
                f" learning rate {run.recipe.learning_rate:g}, seed {run.seed});"
                " remove one of the blocks, or the repeated entry of a list"
            )
        seen.add(run.name)
