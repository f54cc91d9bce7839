"""What is said of training: the curves, and which runs finished."""

from dataclasses import replace

import polars as pl

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.training.content import content
from report_parts import NO_STUDY


def runs() -> EvidenceBuilder:
    builder = EvidenceBuilder()
    builder.run(4, 0)
    builder.run(4, 1, status="diverged", diverged_at=7)
    return builder


def test_the_curves_come_with_how_many_runs_finished():
    rows = [{"run": "LoRA r=4 0.001 0 code", "rank": 4, "seed": 0, "step": 1, "loss": 2.0}]
    said = content(NO_STUDY, replace(tables_of(runs()), loss=pl.DataFrame(rows)))
    assert [drawn.figure.name for drawn in said.figures] == ["loss"]
    (section,) = said.sections
    assert section.figure == "loss"
    line = "1 of 2 runs finished; LoRA r=4, seed 1: diverged at step 7"
    assert section.takeaway == line
    assert said.verdicts == ()


def test_without_a_loss_there_is_nothing_to_say():
    said = content(NO_STUDY, tables_of(runs()))
    assert (said.figures, said.sections) == ((), ())
