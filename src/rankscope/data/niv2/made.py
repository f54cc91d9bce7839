"""Made tasks: a small collection in the schema of Super-NaturalInstructions, from a seed.

Guarantees: the same spec gives the same tasks; definitions a person can read, inputs of at most
some 25 words, answers of a few words; classification and generation; no category has both training
and test tasks. Meant for a model of a million parameters to learn in minutes, so that the whole
multi-task study can be run, and seen to measure something, without any download. Not meant to say
anything about language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rankscope.data.niv2.made_reading import READING
from rankscope.data.niv2.made_recipes import Recipe
from rankscope.data.niv2.made_rewriting import REWRITING
from rankscope.data.niv2.made_unseen import UNSEEN
from rankscope.data.niv2.tasks import Problem, Task, TaskSplit, parse_task
from rankscope.records.instructions import MadeTasks

RECIPES = (*READING.all, *REWRITING.all, *UNSEEN.all)
POSITIVE_EXAMPLES = 2


@dataclass(frozen=True)
class TaskFile:
    """What would stand in `tasks/<name>.json`."""

    name: str
    split: TaskSplit
    content: dict[str, Any]


def task_files(spec: MadeTasks) -> Iterator[TaskFile]:
    """Yield the made tasks as files of the published schema, training tasks first.

    Raises:
        DataError: a task has fewer different inputs than `instances_per_task`.
    """
    for number, recipe in enumerate(RECIPES, 1):
        name = f"task{number:03d}_made_{recipe.name}"
        yield TaskFile(name, recipe.split, _content(name, recipe, spec))


def made_tasks(spec: MadeTasks) -> Iterator[Task | Problem]:
    """Yield the made tasks, read the way published ones are.

    Raises:
        DataError: see `task_files`.
    """
    for file in task_files(spec):
        task, problems = parse_task(file.name, file.split, file.content, category=None)
        yield from problems
        if task is not None:
            yield task


def _content(name: str, recipe: Recipe, spec: MadeTasks) -> dict[str, Any]:
    examples = recipe.examples(POSITIVE_EXAMPLES + spec.instances_per_task, spec.seed)
    shown, kept = examples[:POSITIVE_EXAMPLES], examples[POSITIVE_EXAMPLES:]
    return {
        "Contributors": ["rankscope"],
        "Source": ["made"],
        "URL": [],
        "Categories": [recipe.category],
        "Reasoning": [],
        "Definition": [recipe.definition],
        "Input_language": ["English"],
        "Output_language": ["English"],
        "Instruction_language": ["English"],
        "Domains": [],
        "Positive Examples": [
            {"input": text, "output": answers[0], "explanation": ""} for text, answers in shown
        ],
        "Negative Examples": [],
        "Instances": [
            {"id": f"{name.split('_')[0]}-{number:04d}", "input": text, "output": list(answers)}
            for number, (text, answers) in enumerate(kept)
        ],
        "Instance License": ["Apache-2.0"],
    }
