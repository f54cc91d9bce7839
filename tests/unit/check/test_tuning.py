"""The study that is cited for the learning rates must have swept them."""

from pathlib import Path

import pytest
import yaml

from rankscope.check.check import checked
from rankscope.errors import StudyError
from rankscope.studies.expand import load_study
from study_text import STUDY

FULL = {"method": "full", "learning_rate": [1.0e-3, 2.0e-3]}
LORA = {"method": "lora", "rank": 1, "learning_rate": [1.0e-3, 3.0e-3]}


def write(folder: Path, name: str, **changes: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(STUDY) | {"study": name} | changes), "utf-8")
    return path


def mistakes(folder: Path) -> list[str]:
    """What is said of the study of tests (full 1e-3, LoRA 3e-3), which cites `sweep`."""
    with pytest.raises(StudyError) as refused:
        checked(write(folder, "mine", tuned_in="sweep"))
    return str(refused.value).splitlines()


def test_a_study_cites_the_sweep_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "sweep", grid=[FULL, LORA])
    path = write(tmp_path, "mine", tuned_in="sweep")
    assert checked(path).study.tuned_in == "sweep"
    # what a study cites is no part of its runs
    cited = load_study(path).runs
    assert cited == load_study(write(tmp_path, "mine")).runs


def test_the_cited_study_must_exist(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path)
    assert 'tuned_in: "sweep" is no study that can be read' in found
    assert "no such file" in found


def test_one_rate_is_no_sweep(tmp_path: Path) -> None:
    write(tmp_path, "sweep", grid=[FULL, LORA | {"learning_rate": 3.0e-3}])
    (found,) = mistakes(tmp_path)
    assert "tunes no learning rate of LoRA: it has one rate (0.003) of it" in found


def test_a_method_without_a_sweep(tmp_path: Path) -> None:
    write(tmp_path, "sweep", grid=[LORA])
    (found,) = mistakes(tmp_path)
    assert "tunes no learning rate of full fine-tuning: it has no run of it" in found


def test_a_rate_that_was_not_tried(tmp_path: Path) -> None:
    write(tmp_path, "sweep", grid=[FULL, LORA | {"learning_rate": [1.0e-3, 1.0e-2]}])
    (found,) = mistakes(tmp_path)
    assert "has not tried the learning rate 0.003 of LoRA" in found
    assert "0.001, 0.01" in found


@pytest.mark.parametrize("name", ["demo", "multitask-tiny"])
def test_the_studies_that_were_tuned_cite_their_sweep(name: str) -> None:
    study = Path(__file__).parents[3] / f"workflow/studies/{name}.yaml"
    assert checked(study).study.tuned_in == f"{name}-learning-rates"
