"""What the chapter on mixtures reads beside the tables, and of which studies."""

from instruction_study import STUDY as MIXTURES
from rankscope.artefacts import layout
from rankscope.report.chapters.contents import chapters_of, declared
from rankscope.studies.expand import load_study
from synthetic_mixtures import write_mixture_study_file


def test_a_study_on_mixtures_reads_answers_to_unseen_tasks(tmp_path):
    assert "spectra" not in MIXTURES
    study = load_study(write_mixture_study_file(tmp_path))
    assert chapters_of(study) == ("mixtures", "tradeoff", "training")
    read = declared("mixtures").reads(study)
    assert any(path.endswith("rows.parquet") for path in read)
    asked = [each for each in study.answers if layout.answers_manifest(each.name) in read]
    assert {subject.name for each in asked for subject in each.subjects} >= {
        run.name for run in study.runs
    }
