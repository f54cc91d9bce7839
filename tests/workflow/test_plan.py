"""The jobs that `rankscope check` announces are those that Snakemake plans."""

from collections import Counter

import pytest

from laboratory import Lab
from rankscope.study.expand import load_study
from rankscope.study.plan import jobs_per_stage


@pytest.mark.parametrize("spectra", [True, False])
def test_the_plan_counts_the_jobs_of_the_workflow(
    new_lab: Lab, spectra: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not spectra:
        text = new_lab.study_file.read_text("utf-8")
        new_lab.study_file.write_text(text[: text.index("spectra:")], "utf-8")
    planned = Counter[str]()
    for rule, jobs in new_lab.planned().items():
        # rules are called by their stage: `train_run`, `spectra_base`
        planned[rule.split("_")[0]] += jobs
    monkeypatch.chdir(new_lab.folder)
    assert Counter(jobs_per_stage(load_study("tiny"))) == planned
