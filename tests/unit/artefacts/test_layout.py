"""Paths and their way back: whatever the layout names is found again with its manifest."""

import inspect
from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.layout import Place, place_of

# what nothing is made from, names alone, and the page, which lies outside of `results`
WITHOUT_MANIFEST = {
    "checkpoints", "manifest_of", "outputs", "place_of", "record", "remembered_hash",
    "remembered_hashes", "report_page", "step_folder",
}  # fmt: skip
VALUES = {"step": 3, "verb": "tables"}


def every_path():
    """Every function of the layout that names an artefact, called with names of its arguments."""
    for name, function in inspect.getmembers(layout, inspect.isfunction):
        if function.__module__ == layout.__name__ and name not in WITHOUT_MANIFEST:
            arguments = {
                each: VALUES.get(each, f"{each}-1a2b3c4d")
                for each in inspect.signature(function).parameters
            }
            if not name.startswith("_"):
                yield pytest.param(function(**arguments), arguments, id=name)


@pytest.mark.parametrize(("path", "arguments"), every_path())
def test_every_artefact_finds_its_manifest(path, arguments):
    place = place_of(path if Path(path).suffix else f"{path}/x")
    assert isinstance(place, Place), path
    assert place.manifest.startswith("results/")
    assert place.manifest.endswith(".json")
    # a part is made again by the job that lists it
    is_part = "/evaluate/" in path and path.endswith(".parquet")
    assert place.command.startswith("" if is_part else "rankscope ")
    assert is_part == (not place.command)
    first = next(iter(arguments.values()))
    assert first in place.name
    assert place_of(place.manifest) == place, "a manifest is a part of its own artefact"


@pytest.mark.parametrize("verb", layout.HOMES)
def test_all_outputs_of_a_verb_are_parts_of_one_artefact(verb):
    name, command = "some-thing-1a2b3c4d", layout.HOMES[verb].command
    outputs = layout.outputs(verb, name)
    assert len(set(outputs)) == len(outputs) > 0
    for path in (*outputs, layout.manifest_of(verb, name)):
        assert place_of(path if Path(path).suffix else f"{path}/part") == Place(
            manifest=layout.manifest_of(verb, name),
            name=name,
            command=f"rankscope {command.format(name=name)}" if command else "",
        )
    manifest = Path(layout.manifest_of(verb, name))
    inside = any(manifest.is_relative_to(path) for path in outputs)
    assert inside, "asked for with its outputs, or in one of them"


def test_no_two_verbs_share_a_file():
    paths = [path for verb in layout.HOMES for path in layout.outputs(verb, "a-1a2b3c4d")]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("root", ["/some/where/", "../other/", "./"])
def test_results_of_another_folder_keep_its_path(root):
    inside = layout.run_manifest("full-1a2b")
    found = place_of(f"{root}{inside}")
    assert found is not None
    assert found.manifest == f"{root}{inside}"
    assert found.name == "full-1a2b"


@pytest.mark.parametrize(
    "path",
    [
        "results", "results/", "elsewhere/run.json", "myresults/train/a/run.json", "",
        "results/strange/a.parquet", "results/train", "results/.hashes/a.json",
        "results/spectra/bases", "results/spectra/bases/",
    ],
)  # fmt: skip
def test_what_is_outside_of_the_layout_has_no_place(path):
    assert place_of(path) is None


def test_steps_are_sorted_as_text_as_they_are_as_numbers():
    names = [layout.step_folder(step) for step in (2, 10, 300, 999_999)]
    assert names == sorted(names)
