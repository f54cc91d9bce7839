"""What can be measured of a base and of a run, and where its weights lie."""

from pathlib import Path

from rankscope.records.keys import KEYS
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study

STEPS = {10: Path("steps/step-000010"), 20: Path("steps/step-000020")}


def run_of_the_demo() -> Run:
    study = load_study(Path(__file__).parents[3] / "workflow" / "studies" / "demo.yaml")
    return next(run for run in study.runs if run.method.rank is not None)


def test_a_base_is_one_version_and_a_run_one_per_kept_step() -> None:
    run = run_of_the_demo()
    (base,) = run.base.versions(lambda verb, name: {})
    assert (base.name, base.origin, base.folder) == (run.base.name, run.base.name, None)
    assert base.keys["step"] == 0
    first, last = run.versions(lambda verb, name: STEPS if name == run.name else {})
    assert (first.name, last.name) == (f"{run.name}-step-000010", f"{run.name}-step-000020")
    assert (last.origin, last.folder) == (run.base.name, STEPS[20])
    for version in (base, first, last):
        assert list(version.keys) == list(KEYS)
    assert run.versions(lambda verb, name: {}) == ()


def test_a_scaled_version_is_another_method_of_the_same_run() -> None:
    _, last = run_of_the_demo().versions(lambda verb, name: STEPS)
    half = last.scaled(0.5)
    assert (half.scale, half.folder, half.origin) == (0.5, last.folder, last.origin)
    assert half.name == f"{last.name}-times-0_5"
    assert half.keys["method"] == f"{last.keys['method']} × 0.5"
    assert half.keys | {"method": last.keys["method"]} == last.keys
    assert half.scaled(0.5).scale == 0.25
