"""The verbs of the report stage on a synthetic study, as a user types them."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rankscope.artefacts import layout
from rankscope.cli import app
from rankscope.errors import ArtefactError, StudyError
from rankscope.report.chapters.contents import declared
from rankscope.studies.expand import load_study
from report_parts import make_report, run_report
from synthetic_study import DEMO, write_synthetic_study

CHAPTERS = ("tradeoff", "intruders", "updates", "training")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    study = load_study(DEMO)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_synthetic_study(folder, diverged=study.runs[-1].name)
        make_report(DEMO)
    return folder


@pytest.fixture(scope="module")
def page(folder) -> str:
    return (folder / layout.report_page("demo")).read_text("utf-8")


def test_each_verb_writes_what_the_layout_says(folder):
    assert (folder / layout.report_claims("demo")).is_file()
    assert (folder / layout.report_tables("demo") / "runs.csv").is_file()
    made = [layout.report_manifest("demo", verb) for verb in ("tables", "page")]
    made += [layout.report_chapter_manifest("demo", name) for name in CHAPTERS]
    for path in made:
        manifest = json.loads((folder / path).read_text("utf-8"))
        assert manifest["stage"] == "report"
        assert manifest["inputs"]
        named = manifest["spec"]["study"]
        assert (named if isinstance(named, str) else named["study"]) == "demo"


def test_only_what_applies_to_the_study_is_written(folder):
    chapters = Path(layout.report_chapter("demo", "any")).parent
    assert {path.name for path in (folder / chapters).iterdir()} == set(CHAPTERS)
    for name in CHAPTERS:
        figures = (folder / layout.report_chapter("demo", name) / "figures").glob("*.svg")
        assert {path.stem for path in figures} == set(declared(name).sentences)


def test_the_demo_says_of_nothing_that_it_was_not_measured(folder, page):
    assert "not measured" not in page.lower()
    for path in (folder / layout.report_chapter("demo", "any")).parent.rglob("*.*"):
        if path.suffix in (".csv", ".json", ".svg"):
            assert "not measured" not in path.read_text("utf-8").lower()


def test_a_chapter_that_does_not_apply_is_refused_with_those_that_do(folder, monkeypatch):
    monkeypatch.chdir(folder)
    has = "tradeoff, intruders, updates, training"
    with pytest.raises(StudyError, match=f"'mixtures' says nothing of the study 'demo'.*: {has}"):
        run_report("chapter", "mixtures", study=DEMO)
    with pytest.raises(StudyError, match="no chapter 'figures'; chapters: mixtures, tradeoff"):
        run_report("chapter", "figures", study=DEMO)


def test_the_claims_find_what_was_put_in(folder):
    verdicts = pl.read_parquet(folder / layout.report_claims("demo"))
    decided = dict(
        verdicts.select(pl.concat_str("claim", "scope", separator=" "), "verdict").rows()
    )
    assert decided["H2.1 LoRA r=1 · code"] == "confirmed"
    assert decided["H2.4 LoRA r=16 · english"] == "confirmed"
    assert decided["H3.1 Full"] == "confirmed"
    # one of two seeds diverged
    assert decided["H2.1 LoRA r=64 · code"] == "inconclusive"


def test_the_same_tables_give_the_same_claims_and_figures(folder, monkeypatch):
    monkeypatch.chdir(folder)
    chapter = Path(layout.report_chapter("demo", "tradeoff"))
    files = [path for path in chapter.rglob("*") if path.is_file() and path.name != "run.json"]
    assert len(files) > 10
    before = {path: path.read_bytes() for path in files}
    run_report("chapter", "tradeoff", study=DEMO)
    assert {path: path.read_bytes() for path in files} == before


class Loads(HTMLParser):
    """Collects what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [
            value for name, value in attrs if name in ("src", "href", "srcset") and value
        ]


def test_the_page_is_one_file_that_fetches_nothing(page):
    loads = Loads()
    loads.feed(page)
    assert loads.addresses == ["data:,"]
    assert "@import" not in page
    assert page.count("window.vegaEmbed=") == 1
    assert len(page.encode()) < 3_000_000


def test_the_page_opens_with_the_answer_and_names_what_did_not_finish(page):
    opening = page[page.index('class="answer"') : page.index('class="hero"')]
    text = re.sub(r"<[^>]+>", "", opening)
    assert "Full fine-tuning gained" in text
    assert "more than LoRA r=1, r=4 and r=16" in text
    assert "against LoRA r=64 the data cannot tell" in text
    assert "9 of 10 runs finished" in text
    assert "diverged at step 90" in text


def test_the_page_says_what_was_run_with_what_and_how_long(page):
    made = page[page.index('id="provenance"') :]
    steps = load_study(DEMO).runs[0].recipe.steps
    for expected in (f"{steps} steps", "2.13.0", "3.11.2", "start-up", "spectra", "bits per byte"):
        assert expected in made
    stages = re.findall(r"<tr[^>]*><td>([a-z]+)</td>", made)
    assert stages[-7:] == ["data", "base", "train", "evaluate", "spectra", "report", "all"]


def test_a_verb_without_its_inputs_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in CHAPTERS:
        with pytest.raises(ArtefactError, match="run `rankscope report tables` first"):
            run_report("chapter", name, study=DEMO)
    with pytest.raises(ArtefactError, match="run `rankscope report chapter tradeoff` first"):
        run_report("page", study=DEMO)


def test_the_page_says_where_learning_and_forgetting_are_one(page, tmp_path, monkeypatch):
    assert "What is measured:" not in page
    monkeypatch.chdir(tmp_path)
    text = DEMO.read_text("utf-8").replace("study: demo\n", "study: mine\n")
    measured = "measures: forgetting, data: english, max"
    assert measured in text
    Path("mine.yaml").write_text(text.replace(measured, measured.replace("english", "code")))
    make_report("mine.yaml")
    shown = unescape(Path(layout.report_page("mine")).read_text("utf-8"))
    assert "What is measured:</strong> code (learning) and english (forgetting) are" in shown


def test_a_study_of_which_nothing_was_run_still_has_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_report(DEMO)
    page = Path(layout.report_page("demo")).read_text("utf-8")
    assert "no answer to give" in page
    assert "0 of 10 runs finished" in page


@pytest.mark.parametrize("verb", ["tables", "chapter tradeoff", "page"])
def test_help_has_a_working_example(verb):
    help_text = CliRunner().invoke(app, ["report", verb.split()[0], "--help"]).output
    assert f"rankscope report {verb} --study demo" in help_text
