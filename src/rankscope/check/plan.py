"""What a study will do, as a table for a terminal: runs, trainable parameters, tokens, jobs.

Guarantees: fits 80 columns for the grids of the shipped studies (what is the same for every run
stands above the table, once), and has no colour where the output is no terminal. Percentages have
the adapter in the denominator, as peft prints them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rankscope.check.shapes import BaseShape, base_folder
from rankscope.check.sizes import training_sequences, training_tokens
from rankscope.records.bases import HubBase
from rankscope.records.heads import Head
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.chapters.contents import chapters_of
from rankscope.studies.graph import walk
from rankscope.weights.text_head import training_head

STAGES = ("data", "base", "train", "evaluate", "spectra")
UNKNOWN = "?"
NONE = "–"

Method = FullFineTuning | Lora
Counts = dict[tuple[Method, Head | None], tuple[int, int] | None]
"""By the method and the head that the data gives (None: the base's own for documents)."""


@dataclass(frozen=True)
class Column:
    """What the plan says of every run.

    A `common` one stands above the table if it is the same for a group of runs.
    """

    title: str
    cell: Callable[[Run], str]
    left: bool = False
    common: bool = False


def counts(study: Study, shape: BaseShape | None) -> Counts:
    """Count trainable and all parameters per method and head; None where the base is not there.

    Raises:
        ModelError: the base's configuration is of no model with the head of its runs.
    """
    folder = base_folder(study.base)
    found: Counts = {}
    for run in study.runs:
        kind = run.method, run.data.head
        if kind not in found:
            head = run.data.head if folder is None else training_head(run.data, folder)
            found[kind] = _counted(run.method, head, shape, folder)
    return found


def _counted(
    method: Method, head: Head | None, shape: BaseShape | None, folder: Path | None
) -> tuple[int, int] | None:
    # a shape is counted with the head that the base has; what is made here continues text
    if shape is not None and shape.is_counted and (head is None or head.looks_back):
        return shape.counts(method)
    if folder is None or head is None:
        return None
    from rankscope.weights.meta_device import parameter_counts

    return parameter_counts(folder, method, head)


def plan(study: Study, parameters: Counts) -> RenderableType:
    """Return the plan of a study, to be printed with rich."""
    columns = _columns(study, parameters)
    common = [column for column in columns if column.common]
    groups: dict[str, list[Run]] = {}
    for run in study.runs:
        told = " · ".join(column.cell(run) for column in common)
        groups.setdefault(told, []).append(run)
    shown = [column for column in columns if not column.common]
    widths = [max(len(column.cell(run)) for run in study.runs) for column in shown]
    jobs = jobs_per_stage(study)
    listed = " · ".join(f"{stage} {number}" for stage, number in jobs.items() if number)
    return Group(
        Text(f"{study.study}: {study.title}", "bold"),
        study.path,
        "",
        _facts({"base": f"{study.base.name} · {_parameters(study, parameters)}"}),
        *(
            part
            for told, runs in groups.items()
            for part in (_facts({"train": told}), _table(runs, shown, widths))
        ),
        _facts({"runs": _total(study), "jobs": f"{sum(jobs.values())}: {listed}"}),
    )


def _facts(facts: dict[str, str]) -> Table:
    lines = Table.grid(padding=(0, 2))
    lines.add_column(width=max(map(len, ("base", "train"))))
    for key, value in facts.items():
        lines.add_row(Text(key, "bold"), value)
    return lines


def _table(runs: list[Run], columns: list[Column], widths: list[int]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        # a title of several words may break, a cell may not
        least = max(map(len, column.title.split()))
        table.add_column(
            column.title, justify="left" if column.left else "right", width=max(width, least)
        )
    for run in runs:
        table.add_row(*(column.cell(run) for column in columns))
    return table


def _columns(study: Study, parameters: Counts) -> list[Column]:
    labels = {spec.name: label for label, spec in study.data.items()}

    def count(run: Run) -> str:
        known = parameters[run.method, run.data.head]
        return f"{known[0]:,}" if known else UNKNOWN

    def share(run: Run) -> str:
        known = parameters[run.method, run.data.head]
        return f"{100 * known[0] / known[1]:.3f}" if known else UNKNOWN

    return [
        Column("run", lambda run: run.name, left=True),
        Column("rank", lambda run: NONE if run.method.rank is None else str(run.method.rank)),
        Column("alpha", _alpha),
        Column("learning rate", lambda run: f"{run.recipe.learning_rate:g}"),
        Column("seed", lambda run: str(run.seed)),
        Column("trainable", count),
        Column("%", share),
        Column("data", lambda run: f"on {labels.get(run.data.name, run.data.name)}", common=True),
        Column("length", _length, common=True),
    ]


def _alpha(run: Run) -> str:
    return NONE if run.method.alpha_value is None else f"{run.method.alpha_value:g}"


def _length(run: Run) -> str:
    number, exact, most = steps(run), tokens(run), most_tokens(run)
    if number is not None and most is not None:
        told = f"{number:,} steps · {'at most ' if exact is None else ''}{most:,} tokens"
        return f"{told} · {_share_of_data(run, number)}"
    return f"epochs: {run.recipe.epochs:g} (steps and tokens are known once the data is packed)"


def _share_of_data(run: Run, number: int) -> str:
    """How often a run of `number` steps sees its training data, or which share of it, once."""
    sequences = training_sequences(run)
    if not sequences:
        return "epochs are known once the data is packed"
    epochs = number * run.recipe.batch_size / sequences
    share = "all" if epochs >= 1 else f"{epochs:.2%}" if epochs < 0.1 else f"{epochs:.0%}"
    return f"{epochs:.3g} epochs ({share} of the data)"


def steps(run: Run) -> int | None:
    """Optimizer steps of a run; of epochs on documents only known once these are packed."""
    recipe = run.recipe
    if recipe.steps is not None:
        return recipe.steps
    sequences = training_sequences(run)
    if sequences is None or recipe.epochs is None:
        return None
    return max(1, round(recipe.epochs * sequences / recipe.batch_size))


def tokens(run: Run) -> int | None:
    """Tokens a run is trained on, repeats counted."""
    number = steps(run)
    return None if number is None else training_tokens(run, number)


def most_tokens(run: Run) -> int | None:
    """As `tokens`, and before a mixture is packed what it has if all its sequences are full."""
    number, exact = steps(run), tokens(run)
    if number is None or exact is not None:
        return exact
    return number * run.recipe.batch_size * run.recipe.sequence_length


def jobs_per_stage(study: Study) -> dict[str, int]:
    """Count the workflow's jobs for a study of which nothing is done yet."""
    made = Counter(record.stage for record in walk(*study.sources))
    return {stage: made[stage] for stage in STAGES} | {"report": len(chapters_of(study)) + 2}


def _parameters(study: Study, parameters: Counts) -> str:
    for (method, _), known in parameters.items():
        if known is not None:
            added = known[0] if isinstance(method, Lora) else 0
            return f"{known[1] - added:,} parameters"
    if isinstance(study.base, HubBase):
        return "not on this machine yet, parameters unknown"
    return "parameters unknown"


def _total(study: Study) -> str:
    known = [most_tokens(run) for run in study.runs]
    counted = [number for number in known if number is not None]
    missing = len(known) - len(counted)
    if not counted:
        return f"{len(known)}"
    bound = any(tokens(run) is None for run in study.runs if steps(run) is not None)
    text = f"{len(known)} · {'at most ' if bound else ''}{sum(counted):,} tokens"
    return f"{text}, and those of {missing} runs whose data is not packed yet" if missing else text
