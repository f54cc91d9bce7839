"""Every table's key columns are what runs and bases say of themselves."""

from rankscope.records.keys import BASE, KEYS, VERSION_KEYS
from rankscope.studies.expand import load_study
from study_text import STUDY


def test_runs_and_bases_have_a_value_for_each_key_in_order(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY, "utf-8")
    study = load_study(file)
    for keys in (study.base.keys(), *(run.keys() for run in study.runs)):
        assert list(keys) == list(VERSION_KEYS)
        for column, value in keys.items():
            assert value is None or isinstance(value, VERSION_KEYS[column])
    assert list(KEYS) == [*VERSION_KEYS, "step"]


def test_a_base_is_told_from_every_method(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY, "utf-8")
    study = load_study(file)
    assert study.base.keys()["family"] == study.base.keys()["method"] == BASE
    assert {run.keys()["family"] for run in study.runs} == {"Full", "LoRA α=2r"}
