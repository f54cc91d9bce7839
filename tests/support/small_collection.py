"""A collection of two tasks in the layout of Super-NaturalInstructions."""

import json
from pathlib import Path

TASKS = ("task001_made_one", "task002_made_two")


def write_collection(folder: Path, instances: int = 120) -> Path:
    """Write one training and one test task, and their lists, into a folder that is there."""
    for name, split in zip(TASKS, ("train", "test"), strict=True):
        content = {
            "Categories": [f"Category of {name}"],
            "Definition": [f"Answer {name}."],
            "Input_language": ["English"],
            "Output_language": ["English"],
            "Instruction_language": ["English"],
            "Instances": [
                {"id": f"{name}-{n}", "input": f"{name} {n}", "output": [str(n)]}
                for n in range(instances)
            ],
        }
        for path, text in (
            (folder / "tasks" / f"{name}.json", json.dumps(content)),
            (folder / "splits/default" / f"{split}_tasks.txt", f"{name}\n"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return folder
