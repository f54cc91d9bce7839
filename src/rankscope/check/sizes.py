"""How much a run is trained on, as far as that is known before it is trained.

Guarantees: exact where the data has been packed. Before that, a mixture counts as many examples as
it asks for (the paper's rounding); tasks that fall short make it smaller, which the data stage
says. None where nothing is known.
"""

from pathlib import Path

from rankscope.artefacts import layout
from rankscope.errors import DataError
from rankscope.foreign import is_file
from rankscope.records.instructions import MadeTasks, Mixture, Niv2Tasks, TaskSpec
from rankscope.records.runs import Run


def training_sequences(run: Run) -> int | None:
    """Return how many sequences, or examples, one pass over the data has."""
    packed = _packed(run)
    if packed.exists():
        import polars as pl

        from rankscope.artefacts.reading import scan_parquet

        return int(scan_parquet(packed).select(pl.len()).collect().item())
    return asked_examples(run.data) if isinstance(run.data, Mixture) else None


def training_tokens(run: Run, steps: int) -> int | None:
    """Return the tokens of `steps` steps; of examples known (to a pass) once they are packed."""
    recipe = run.recipe
    if run.data.trained_as == "sequences":
        return steps * recipe.batch_size * recipe.sequence_length
    packed = _packed(run)
    if not packed.exists():
        return None
    from rankscope.artefacts.reading import read_parquet

    lengths = read_parquet(packed, columns=["input_ids"])["input_ids"].list.len()
    return round(steps * recipe.batch_size * lengths.sum() / len(lengths))


def asked_examples(mixture: Mixture) -> int | None:
    """Return tasks × examples per task, if the number of tasks is known."""
    tasks = training_tasks(mixture.tasks) if mixture.size == "all" else mixture.size
    return None if tasks is None else tasks * mixture.examples_per_task


def training_tasks(collection: TaskSpec) -> int | None:
    """Return how many training tasks a collection has: those that loaded, or else those listed."""
    loaded = Path(layout.data_rows(collection.name)).with_name("tasks.parquet")
    if loaded.exists():
        from rankscope.artefacts.reading import read_parquet

        return read_parquet(loaded, columns=["split"]).filter(split="train").height
    if isinstance(collection, MadeTasks):
        from rankscope.data.niv2.made import RECIPES

        return sum(recipe.split == "train" for recipe in RECIPES)
    if isinstance(collection, Niv2Tasks):
        from rankscope.data.niv2.source import has_lines, listed_tasks

        folder = Path(collection.path)
        listed = folder / "splits" / collection.split / "train_tasks.txt"
        if has_lines(folder):
            return sum(1 for _ in (folder / "train").glob("*.jsonl"))
        if is_file(listed):
            try:
                return len(set(listed_tasks(listed)))
            except DataError:
                return None  # the checks of the collection say why
    return None


def _packed(run: Run) -> Path:
    return Path(layout.packed(run.packed.name))
