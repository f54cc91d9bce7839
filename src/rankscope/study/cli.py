"""The verb `rankscope check`: validate study files and print the plan."""


def check() -> None:
    """Validate study files and print the plan: runs, parameters, tokens, jobs."""
