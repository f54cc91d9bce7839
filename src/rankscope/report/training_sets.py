"""What the runs of a study were trained on, as tables and figures name it.

Guarantees: all samplings of a mixture are one training set. Sizes are those asked for: tasks, and
examples as tasks × examples per task; a sampling that fell short says so in its own tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rankscope.report.methods import data_names
from rankscope.study.specs import Mixture, Run


@dataclass(frozen=True)
class TrainingSet:
    """One training set, in all its samplings.

    `mixture` is its name in the paper's series (`T100`, `T*100`, `Tall`), None for other data;
    `label` is what readers see: `T757` where all of 757 tasks are in.
    """

    label: str
    mixture: str | None = None
    tasks: int | None = None
    examples: int | None = None


def training_sets(
    runs: Sequence[Run], tasks_drawn: Callable[[str], int | None]
) -> dict[str, TrainingSet]:
    """Map the name of each run's data to its training set.

    `tasks_drawn` gives the number of tasks of a drawn mixture of all tasks, by its name.
    """
    names = data_names(runs)
    found = {}
    for data in {run.data.name: run.data for run in runs}.values():
        label = names[data.name]
        if not isinstance(data, Mixture):
            found[data.name] = TrainingSet(label)
            continue
        tasks = tasks_drawn(data.name) if data.size == "all" else data.size
        if tasks is None:
            found[data.name] = TrainingSet(label, data.series)
            continue
        shown = data.label(tasks) if label == data.series else label
        found[data.name] = TrainingSet(shown, data.series, tasks, tasks * data.examples_per_task)
    return found
