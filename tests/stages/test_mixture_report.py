"""The verbs of the report stage on a synthetic study of mixtures, as a user types them."""

import re
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.studies.expand import load_study
from report_parts import make_report
from synthetic_mixtures import more_is_better, write_mixture_study, write_mixture_study_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mixture-report")
    study_file = write_mixture_study_file(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_mixture_study(load_study(study_file), more_is_better)
        make_report(study_file)
    return folder


@pytest.fixture(scope="module")
def study(folder) -> str:
    return load_study(folder / "study.yaml").study


@pytest.fixture(scope="module")
def page(folder, study) -> str:
    return (folder / layout.report_page(study)).read_text("utf-8")


def section(page: str, name: str) -> str:
    """A section of the page as text, without its data and tags."""
    begin = page.index(f'<details class="section" id="{name}">')
    end = page.find('<details class="section"', begin + 1)
    bare = re.sub(r"<(script|style).*?</\1>", " ", page[begin:end], flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def table_after(page: str, caption: str) -> list[list[str]]:
    """The rows of the table with a caption, as the text of their cells."""
    table = page[page.index(f"<caption>{caption}</caption>") :].split("</table>")[0]
    rows = table.split("<tr>")[1:]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in rows)
    return [[unescape(re.sub(r"<[^>]+>", " ", cell)).strip() for cell in row] for row in cells]


def test_the_page_opens_with_scores_by_rank(page):
    opening = page[page.index('class="opening"') : page.index('class="legend"')]
    assert "Score against rank and number of tasks" in opening
    assert re.search(r"On seen tasks, trained on T12, full fine-tuning\s+answers", opening)
    assert "On unseen tasks, trained on T12" in opening
    assert "by Student's t over samplings" in unescape(opening)


def test_the_note_on_claims_says_how_those_on_mixtures_are_judged(page):
    text = section(page, "claims")
    assert "what seeds or samplings move a mean by: Student's t" in text
    assert "nearer to zero than the truth's. Dot and bar" in text


def test_sections_follow_what_was_measured(page):
    found = re.findall(r'<details class="section" id="([^"]+)">', page)
    assert found == [
        "claims", "scores", "categories", "fixed-total", "cases", "by-rank", "loss", "runs",
        "provenance",
    ]  # fmt: skip
    assert "Intruder dimensions" not in page
    assert "Means by method and step" in section(page, "runs")


def test_the_scores_are_those_of_the_table_beside_it(page, folder, study):
    scores = pl.read_parquet(
        folder / layout.report_chapter(study, "mixtures") / "tables/mixture_scores.parquet"
    )
    shown = scores.filter("shown").sort("tasks", maintain_order=True)
    assert len(shown) == 2 * 2 * 2 * 4
    for kind, tested in (("intra", "seen tasks"), ("inter", "unseen tasks")):
        text = table_after(page, f"Scores on {tested}")
        for label in shown["label"].unique():
            cells = shown.filter(pl.col("test_kind") == kind, pl.col("label") == label)
            row = next(found for found in text if found[0] == label)
            means = [f"{mean:.1f}" for mean in cells["mean"]]
            assert [cell.split()[0] for cell in row[2:]] == means


def test_cases_are_told_apart_and_their_text_is_escaped(page):
    text = section(page, "cases")
    assert "Where full fine-tuning is closer to the reference" in text
    assert "Ann is <indoors> & warm." in text
    assert "<indoors>" not in page


def test_every_claim_about_mixtures_has_a_verdict_or_says_what_it_needs(folder, study):
    verdicts = pl.read_parquet(folder / layout.report_claims(study))
    assert {f"H1.{n}" for n in range(1, 11)} <= set(verdicts["claim"])
    assert verdicts.filter(pl.col("verdict") == "inconclusive", pl.col("reason") == "").is_empty()
    reaching = verdicts.filter(pl.col("claim") == "H1.2")
    assert reaching["value"].null_count() == 0
