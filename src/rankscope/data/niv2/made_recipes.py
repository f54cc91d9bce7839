"""How a made task is written down: a function whose docstring is the task's definition.

Guarantees: a recipe yields as many different inputs as asked for, the same ones for the same seed,
whatever other tasks there are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rankscope.data.niv2.tasks import TaskSplit, text_sha256
from rankscope.errors import DataError

Answer = str | tuple[str, ...]
Maker = Callable[[Random], tuple[str, Answer]]
ATTEMPTS_PER_INSTANCE = 100


@dataclass(frozen=True)
class Recipe:
    """One made task: `make` returns an input and its answer, or several accepted answers."""

    name: str
    split: TaskSplit
    category: str
    definition: str
    make: Maker

    def examples(self, count: int, seed: int) -> list[tuple[str, tuple[str, ...]]]:
        """Return `count` examples with different inputs.

        Raises:
            DataError: the recipe has not that many inputs.
        """
        rng = Random(f"{seed}:{self.name}")
        made: dict[str, tuple[str, tuple[str, ...]]] = {}
        for _ in range(count * ATTEMPTS_PER_INSTANCE):
            if len(made) == count:
                break
            text, answer = self.make(rng)
            answers = (answer,) if isinstance(answer, str) else answer
            made.setdefault(text_sha256(text), (text, answers))
        if len(made) < count:
            raise DataError(
                f"made task {self.name} has too few different inputs for {count} examples;"
                f" it gave {len(made)}: lower `instances_per_task`"
            )
        return list(made.values())


class Recipes:
    """The recipes of one split, in the order in which they are written down."""

    def __init__(self, split: TaskSplit) -> None:
        self.split = split
        self.all: list[Recipe] = []

    def of(self, category: str) -> Callable[[Maker], Maker]:
        """Add the decorated function as a task of `category`; its docstring is the definition."""

        def add(make: Maker) -> Maker:
            definition = " ".join((make.__doc__ or "").split())
            if not definition:
                raise DataError("made tasks need docstrings: run Python without the option -OO")
            self.all.append(Recipe(make.__name__, self.split, category, definition, make))
            return make

        return add
