"""The mixtures of one sampling, as a study file of the paper's would list them."""

from rankscope.records.instructions import MadeTasks, Mixture, Niv2Mirror, Niv2Tasks

Tasks = Niv2Tasks | Niv2Mirror | MadeTasks


def nested_mixtures(
    tasks: Tasks,
    sizes: tuple[int, ...],
    sampling_seed: int,
    examples_per_task: int = 100,
    test_examples_per_task: int = 100,
) -> dict[str, Mixture]:
    """Return the nested mixtures of one sampling: one per size, and `Tall`, by label.

    `Tall` has only the smallest size nested: every other mixture lies inside all tasks anyhow, so
    that its content does not depend on them.
    """
    common = {
        "source": "mixture",
        "tasks": tasks,
        "examples_per_task": examples_per_task,
        "test_examples_per_task": test_examples_per_task,
        "sampling_seed": sampling_seed,
    }
    mixtures = {
        f"T{size}": Mixture.model_validate(common | {"size": size, "nested": sizes[:position]})
        for position, size in enumerate(sizes)
    }
    mixtures["Tall"] = Mixture.model_validate(common | {"size": "all", "nested": sizes[:1]})
    return mixtures


def fixed_total_mixtures(
    tasks: Tasks,
    sizes: tuple[int, ...],
    total: int,
    starred: tuple[int, ...],
    sampling_seed: int,
    test_examples_per_task: int = 100,
) -> dict[str, Mixture]:
    """Return the series of Figure 5: the tasks of the `starred` sizes, `total` rows each.

    T*100 has 250 rows a task and T*500 has 50, drawn with replacement, for a total of 25,000.
    """
    mixtures = {}
    for size in starred:
        mixtures[f"T*{size}"] = Mixture(
            source="mixture",
            tasks=tasks,
            size=size,
            nested=tuple(smaller for smaller in sizes if smaller < size),
            examples_per_task=total // size,
            with_replacement=True,
            test_examples_per_task=test_examples_per_task,
            sampling_seed=sampling_seed,
        )
    return mixtures
