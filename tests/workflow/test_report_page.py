"""The page in a real browser: drawn, quiet, sortable, and fit for a phone."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.studies.expand import load_study
from report_parts import make_report
from synthetic_mixtures import more_is_better, write_mixture_study, write_mixture_study_file
from synthetic_study import DEMO, write_synthetic_study

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--virtual-time-budget=10000",
)  # fmt: skip
PROBE = """
<script>
addEventListener("load", () => setTimeout(async () => {
  %s
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = String(answer);
  document.body.append(result);
}, 5000));
</script>
"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: the page cannot be looked at in a browser"
)


def make_page(study_file: Path) -> Path:
    """Make the page of the study whose artefacts are below the current folder."""
    make_report(study_file)
    return Path(layout.report_page(load_study(study_file).study)).absolute()


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    study = load_study(DEMO)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_synthetic_study(folder, diverged=study.runs[-1].name)
        return make_page(DEMO)


@pytest.fixture(scope="module")
def page_of_mixtures(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page-of-mixtures")
    study_file = write_mixture_study_file(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_mixture_study(load_study(study_file), more_is_better)
        return make_page(study_file)


def browse(page: Path, tmp_path: Path, *flags: str) -> tuple[str, str]:
    """Open the page in a new profile; return the DOM after its scripts ran, and the console."""
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}/profile", *flags]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(console)


def ask(page: Path, tmp_path: Path, script: str, *flags: str) -> str:
    """Run a script that sets `answer` on the drawn page, and return it."""
    content = page.read_text("utf-8")
    end = content.rindex("</body>")
    probed = tmp_path / "probed.html"
    probed.write_text(content[:end] + PROBE % script + content[end:], "utf-8")
    dom, console = browse(probed, tmp_path, *flags)
    assert console == ""
    found = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the probe did not answer"
    return found[1]


def test_every_chart_is_drawn_and_the_console_stays_empty(page, tmp_path):
    dom, console = browse(page, tmp_path)
    assert console == ""
    assert 'data-ready="true"' in dom
    charts = dom.count('class="chart')
    assert charts > 20
    assert len(re.findall(r'<svg[^>]*class="marks"', dom)) == charts


def test_tables_sort_by_number_both_ways(page, tmp_path):
    script = """
      const table = document.querySelector("#provenance table.sortable");
      const seconds = (row) => Number(row.cells[2].dataset.value);
      const read = () => [...table.tBodies[0].rows].map(seconds);
      const header = table.tHead.rows[0].cells[2];
      header.click();
      const up = read();
      header.click();
      const down = read();
      const total = table.tBodies[0].rows[up.length - 1].matches(".total");
      const answer = JSON.stringify([up.slice(0, -1), down.slice(0, -1), total]);
    """
    up, down, total = json.loads(ask(page, tmp_path, script))
    assert len(up) > 3
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert total


def test_the_numbers_behind_a_figure_unfold(page, tmp_path):
    script = """
      document.querySelector(".hero .show-numbers").click();
      const answer = document.querySelector(".hero .numbers tbody").rows.length;
    """
    assert int(ask(page, tmp_path, script)) > 50


def test_one_method_can_be_seen_alone(page, tmp_path):
    script = """
      const faded = () => document.querySelectorAll('.hero svg [opacity="0.08"]').length;
      const before = faded();
      document.querySelector('.legend [data-condition="Full"]').click();
      await new Promise((resume) => setTimeout(resume, 500));
      const answer = `${before} ${faded() > 10}`;
    """
    assert ask(page, tmp_path, script) == "0 true"


def test_another_matrix_can_be_chosen(page, tmp_path):
    script = """
      const section = document.getElementById("similarity");
      section.open = true;
      const opacity = (each) => each.getAttribute("fill-opacity");
      const cells = () => [...section.querySelectorAll("svg path")].map(opacity).join();
      const before = cells();
      const select = section.querySelector("select");
      select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
      select.dispatchEvent(new Event("change"));
      await new Promise((resume) => setTimeout(resume, 500));
      const answer = before.length > 0 && before !== cells();
    """
    assert ask(page, tmp_path, script) == "true"


@pytest.mark.parametrize("width", [500, 820, 1400])
def test_nothing_is_wider_than_the_screen(page, tmp_path, width):
    script = """
      document.querySelectorAll("details.section").forEach((each) => { each.open = true; });
      await new Promise((resume) => setTimeout(resume, 1500));
      const answer = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    """
    assert int(ask(page, tmp_path, script, f"--window-size={width},900")) <= 0


def test_printing_unfolds_every_section(page, tmp_path):
    script = """
      dispatchEvent(new Event("beforeprint"));
      const closed = document.querySelectorAll("details.section:not([open])").length;
      dispatchEvent(new Event("afterprint"));
      const open = document.querySelectorAll("details.section[open]").length;
      const answer = `${closed} ${open}`;
    """
    assert ask(page, tmp_path, script) == "0 0"


def test_a_page_of_mixtures_is_drawn_and_the_console_stays_empty(page_of_mixtures, tmp_path):
    dom, console = browse(page_of_mixtures, tmp_path)
    assert console == ""
    assert 'data-ready="true"' in dom
    charts = dom.count('class="chart')
    assert charts > 8
    assert len(re.findall(r'<svg[^>]*class="marks"', dom)) == charts


@pytest.mark.parametrize("width", [500, 1400])
def test_a_page_of_mixtures_is_no_wider_than_the_screen(page_of_mixtures, tmp_path, width):
    script = """
      document.querySelectorAll("details").forEach((each) => { each.open = true; });
      await new Promise((resume) => setTimeout(resume, 1500));
      const answer = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    """
    assert int(ask(page_of_mixtures, tmp_path, script, f"--window-size={width},900")) <= 0
