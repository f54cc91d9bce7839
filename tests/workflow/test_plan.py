"""The jobs that `rankscope check` announces are those that Snakemake plans."""

from collections import Counter

import pytest

from laboratory import Lab
from rankscope.check.plan import jobs_per_stage
from rankscope.studies.expand import load_study


@pytest.mark.parametrize("spectra", [True, False])
def test_the_plan_counts_the_jobs_of_the_workflow(
    new_lab: Lab, spectra: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not spectra:
        text = new_lab.study_file.read_text("utf-8")
        new_lab.study_file.write_text(text[: text.index("spectra:")], "utf-8")
    assert planned_by_stage(new_lab) == announced(new_lab, monkeypatch)


@pytest.mark.parametrize("plain", [True, False])
def test_a_quantised_base_is_made_and_decomposed_once(
    new_lab: Lab, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bitsandbytes", reason="needs the extra `quantised`")
    lora = {"method": "lora", "rank": [1, 4], "learning_rate": 1.0e-2}
    new_lab.edit_study(grid=[lora] * plain + [lora | {"quantisation": "nf4"}])
    planned = new_lab.planned()
    # it is made from the study's own base, which is measured in any case, and that from a blank one
    assert planned["base_model"] == 3
    assert planned["spectra_base"] == 1 + plain
    assert planned["train_run"] == 1 + 2 + 2 * plain  # the base is what a run has learned
    assert planned_by_stage(new_lab) == announced(new_lab, monkeypatch)


def announced(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    monkeypatch.chdir(lab.folder)
    return Counter(jobs_per_stage(load_study("tiny")))


def planned_by_stage(lab: Lab) -> Counter[str]:
    planned = Counter[str]()
    for rule, jobs in lab.planned().items():
        # rules are called by their stage: `train_run`, `spectra_base`
        planned[rule.split("_")[0]] += jobs
    return planned
