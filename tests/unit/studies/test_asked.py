"""What a verb reads to know its record: a file where there is one, else the study at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.errors import StudyError
from rankscope.records.measurements import Scores
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.asked import asked, asked_study
from rankscope.studies.expand import load_study
from rankscope.studies.graph import walk
from rankscope.studies.store import keep
from tiny_study import FILE, STUDY, write_tiny_documents


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    return load_study(FILE)


def test_labels_and_names_are_found_in_the_study_at_hand(study: Study) -> None:
    assert asked(Run, "lora-r4@0", FILE) in study.runs
    assert asked(Run, study.runs[0].name, FILE) == study.runs[0]
    assert asked(Scores, "base", FILE, "tiny") == study.scores[0]
    assert asked_study(FILE) == study
    with pytest.raises(StudyError, match="has no run 'lora-r5@0'"):
        asked(Run, "lora-r5@0", FILE)


def test_what_is_kept_needs_no_study(study: Study) -> None:
    keep(walk(study))
    Path(FILE).unlink()
    for record in walk(*study.sources):
        assert asked(type(record), record.name, None) == record
    assert asked_study(layout.record(study.name)) == study


def test_a_job_does_not_import_what_reads_study_files(study: Study) -> None:
    keep(walk(study))
    program = (
        "import sys; from rankscope.studies.asked import asked, asked_study;"
        " from rankscope.records.measurements import Scores;"
        " asked(Scores, sys.argv[1], None); asked_study(sys.argv[2]);"
        " sys.exit(bool({'yaml', 'rankscope.studies.form', 'rankscope.studies.find'}"
        " & set(sys.modules)))"
    )
    arguments = [study.scores[0].name, layout.record(study.name)]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True)
