"""What is said of intruders: figures of what was measured, counts in a line, all claims."""

import polars as pl

from claims_evidence import spectral
from evidence_builder import learning_and_forgetting, tables_of
from rankscope.report.chapters.intruders.content import CLAIMS, content, takeaway
from rankscope.report.chapters.intruders.summary import INTRUDER_SUMMARY
from report_parts import NO_STUDY

COUNTS = {None: [0, 0], 4: [1, 2]}


def test_the_line_has_the_counts_of_every_method_and_of_how_many_vectors():
    said = content(NO_STUDY, tables_of(spectral(COUNTS)))
    (section,) = said.sections
    assert section.figure == "intruders"
    start, full, lora = section.takeaway.replace(" · ", ": ").split(": ")
    assert start == "of 20 vectors at ε = 0.5"
    assert full == "Full 0 [0, 0]"
    assert lora.startswith("LoRA r=4 3 [")
    assert takeaway(pl.DataFrame(schema=INTRUDER_SUMMARY), []) == ""


def test_where_methods_changed_different_matrices_each_has_its_number_of_vectors():
    said = content(NO_STUDY, tables_of(spectral({None: [0, 0, 0], 4: [1, 2]})))
    start, full, lora = said.sections[0].takeaway.replace(" · ", ": ").split(": ")
    assert start == "vectors at ε = 0.5"
    assert full == "Full 0 [0, 0] of 30"
    assert lora.startswith("LoRA r=4 3 [")
    assert lora.endswith("] of 20")


def test_the_table_of_counts_is_the_chapters_own():
    said = content(NO_STUDY, tables_of(spectral(COUNTS)))
    table = said.tables["intruder_summary"]
    assert dict(table.select("condition", "intruders").rows()) == {"Full": 0, "LoRA r=4": 3}


def test_vectors_are_drawn_where_there_are_some():
    builder = spectral(COUNTS)
    builder.vector("LoRA r=4 0.001 0 code", 10, 0, sigma=1.0, max_cosine=0.25)
    said = content(NO_STUDY, tables_of(builder))
    names = [drawn.figure.name for drawn in said.figures]
    assert names == ["intruders", "singular-values"]
    assert [section.figure for section in said.sections] == names


def test_without_spectra_claims_are_not_measured_and_nothing_is_drawn():
    said = content(NO_STUDY, tables_of(learning_and_forgetting({4: ({5: 0.1}, {5: 0.1})})))
    assert (said.figures, said.sections) == ((), ())
    assert len(said.verdicts) >= len(CLAIMS)
    assert {verdict.verdict for verdict in said.verdicts} == {"not measured"}
