"""What the runs of a study were trained on, as tables and figures name it.

Guarantees: all samplings of a mixture are one training set. Sizes are those asked for: tasks, and
examples as tasks × examples per task; a sampling that fell short says so in its own tables. The
size of a mixture of all tasks is known as soon as one of its samplings is drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rankscope.records.runs import Run
from rankscope.report.evidence.methods import UNLABELLED, Labels, data_names


@dataclass(frozen=True)
class TrainingSet:
    """One training set, in all its samplings.

    `mixture` is its name in the paper's series (`T100`, `T*100`, `Tall`), None for other data;
    `label` is what readers see: `T757` where all of 757 tasks are in; `collection` is the kind of
    source that the tasks are from.
    """

    label: str
    mixture: str | None = None
    tasks: int | None = None
    examples: int | None = None
    collection: str | None = None


def training_sets(
    runs: Sequence[Run],
    tasks_drawn: Callable[[str], int | None],
    called: Labels = UNLABELLED,
) -> dict[str, TrainingSet]:
    """Map the name of each run's data to its training set.

    `tasks_drawn` gives the number of tasks of a drawn mixture of all tasks, by its name; `called`
    are the study's labels of its data.
    """
    names = data_names(runs, called)
    found = {}
    trained_on = {run.data.name: run.data for run in runs}
    for data in trained_on.values():
        label = names[data.name]
        samplings = [name for name in trained_on if names[name] == label]
        drawn = (tasks for name in samplings if (tasks := tasks_drawn(name)) is not None)
        tasks = next(drawn, None) if data.tasks_asked == "all" else data.tasks_asked
        per_task = data.examples_per_task_asked
        examples = None if tasks is None or per_task is None else tasks * per_task
        shown = label.replace("all", str(tasks)) if label == data.series and tasks else label
        found[data.name] = TrainingSet(shown, data.series, tasks, examples, data.collection)
    return found
