"""Where every artefact lies, relative to the folder a study is run in.

Guarantees: the only place that knows the paths, for the workflow and the CLI verbs alike. Paths
are plain strings with `/`, because Snakemake compares them as text.
"""

import re
from dataclasses import dataclass

RESULTS = "results"


def data_rows(data: str) -> str:
    """Documents or items of a data variant: one row each, with id, hash and split."""
    return f"{RESULTS}/data/{data}/rows.parquet"


def data_manifest(data: str) -> str:
    """Manifest of a data variant."""
    return f"{RESULTS}/data/{data}/run.json"


def packed(data: str, base: str, sequence_length: int | str) -> str:
    """Training split, tokenised with the base's tokenizer and packed."""
    return f"{RESULTS}/data/{data}/packed/{base}.{sequence_length}.parquet"


def packed_manifest(data: str, base: str, sequence_length: int | str) -> str:
    """Manifest of packed sequences."""
    return f"{RESULTS}/data/{data}/packed/{base}.{sequence_length}.json"


def base_model(base: str) -> str:
    """Folder of the base in the Hugging Face layout."""
    return f"{RESULTS}/base/{base}/model"


def base_manifest(base: str) -> str:
    """Manifest of a base: written when the model's folder is complete."""
    return f"{RESULTS}/base/{base}/run.json"


def base_spectra(base: str) -> str:
    """Folder with the decomposition of every weight matrix of the base."""
    return f"{RESULTS}/base/{base}/spectra"


def run_folder(run: str) -> str:
    """Folder of one training run."""
    return f"{RESULTS}/train/{run}"


def run_manifest(run: str) -> str:
    """Manifest of a run: written when its weights and loss curve are complete."""
    return f"{run_folder(run)}/run.json"


def loss_curve(run: str) -> str:
    """Training loss: one row per optimizer step."""
    return f"{run_folder(run)}/loss.parquet"


def kept_weights(run: str) -> str:
    """Folder with one folder per kept step, named by `step_folder`."""
    return f"{run_folder(run)}/steps"


def step_folder(step: int) -> str:
    """Name of the folder of one kept step."""
    return f"step-{step:06d}"


def checkpoints(run: str) -> str:
    """Folder for resuming a run: outside declared outputs, deleted when the run is done."""
    return f"{RESULTS}/.resume/{run}"


def study_snapshot(name: str) -> str:
    """A study as a workflow was started with it."""
    return f"{RESULTS}/.studies/{name}.json"


def remembered_hashes(part: str) -> str:
    """Hashes of large files with the states in which they were counted, in parts by their paths."""
    return f"{RESULTS}/.hashes/{part}.json"


def predictions(run: str, suite: str) -> str:
    """What the model said: one row per run, step, evaluation and item, unscored."""
    return f"{RESULTS}/evaluate/predictions/{run}.{suite}.parquet"


def predictions_manifest(run: str, suite: str) -> str:
    """Manifest of predictions."""
    return f"{RESULTS}/evaluate/predictions/{run}.{suite}.json"


def scores(run: str, suite: str) -> str:
    """Scored items: one row per run, step, evaluation and item."""
    return f"{RESULTS}/evaluate/{run}.{suite}.parquet"


def scores_manifest(run: str, suite: str) -> str:
    """Manifest of scores."""
    return f"{RESULTS}/evaluate/{run}.{suite}.json"


def run_spectra(run: str, settings: str) -> str:
    """Folder with the spectral tables of one run."""
    return f"{RESULTS}/spectra/{run}.{settings}"


def report_tables(study: str) -> str:
    """Folder with the tidy tables of a study."""
    return f"{RESULTS}/report/{study}/tables"


def report_chapter(study: str, chapter: str) -> str:
    """Folder of one chapter of a report: its tables, figures, claims and words."""
    return f"{RESULTS}/report/{study}/chapters/{chapter}"


def report_chapter_manifest(study: str, chapter: str) -> str:
    """Manifest of one chapter, in its folder."""
    return f"{report_chapter(study, chapter)}/run.json"


def report_claims(study: str) -> str:
    """Verdicts on the papers' claims, of all chapters; beside it the same as CSV."""
    return f"{RESULTS}/report/{study}/claims.parquet"


def report_manifest(study: str, verb: str) -> str:
    """Manifest of one verb of the report stage: tables or page."""
    return f"{RESULTS}/report/{study}/{verb}.json"


def report_page(study: str) -> str:
    """The page a person opens."""
    return f"reports/{study}/index.html"


@dataclass(frozen=True)
class Place:
    """Where an artefact lies: its manifest, the name that this records, and what makes it again."""

    manifest: str
    name: str
    command: str


@dataclass(frozen=True)
class _Pattern:
    """Below `results`: where outputs lie, their manifest, its name, the verb that makes them."""

    outputs: str
    manifest: str
    name: str
    verb: str


_PATTERNS = (
    _Pattern(
        r"data/(?P<data>[^/]+)/packed/(?P<base>[^/]+)\.(?P<length>\d+)\.(parquet|json)",
        "data/{data}/packed/{base}.{length}.json",
        "{data}",
        "data pack {data} --base {base} --length {length}",
    ),
    _Pattern(r"data/(?P<data>[^/]+)/.+", "data/{data}/run.json", "{data}", "data rows {data}"),
    _Pattern(
        r"base/(?P<base>[^/]+)/spectra(/.*)?",
        "base/{base}/spectra/run.json",
        "{base}",
        "spectra base {base}",
    ),
    _Pattern(
        r"base/(?P<base>[^/]+)/.+", "base/{base}/run.json", "{base}", "base model {base} --again"
    ),
    _Pattern(r"train/(?P<run>[^/]+)/.+", "train/{run}/run.json", "{run}", "train {run} --again"),
    _Pattern(
        r"evaluate/predictions/(?P<run>[^/.]+)\.(?P<suite>[^/.]+)\.(parquet|json)",
        "evaluate/predictions/{run}.{suite}.json",
        "{run}.{suite}",
        "evaluate predict {run} --suite {suite}",
    ),
    _Pattern(
        r"evaluate/(?P<run>[^/.]+)\.(?P<suite>[^/.]+)\.(parquet|json)",
        "evaluate/{run}.{suite}.json",
        "{run}.{suite}",
        "evaluate score {run} --suite {suite}",
    ),
    _Pattern(
        r"spectra/(?P<run>[^/.]+)\.(?P<settings>[^/.]+)(/.*)?",
        "spectra/{run}.{settings}/run.json",
        "{run}.{settings}",
        "spectra run {run} --settings {settings}",
    ),
    _Pattern(
        r"report/(?P<study>[^/]+)/chapters/(?P<chapter>[^/]+)(/.*)?",
        "report/{study}/chapters/{chapter}/run.json",
        "{study} {chapter}",
        "report chapter {chapter}",
    ),
    _Pattern(
        r"report/(?P<study>[^/]+)/tables([./].*)?",
        "report/{study}/tables.json",
        "{study} tables",
        "report tables",
    ),
    _Pattern(
        r"report/(?P<study>[^/]+)/(page|claims)\.[^/]+",
        "report/{study}/page.json",
        "{study} page",
        "report page",
    ),
)


def place_of(path: str) -> Place | None:
    """Return where the artefact that `path` is, or is a part of, lies; None outside the layout.

    `path` may be absolute, or of the results of another folder.
    """
    root, found, below = path.rpartition(f"{RESULTS}/")
    if not found or (root and not root.endswith("/")):
        return None
    for pattern in _PATTERNS:
        if match := re.fullmatch(pattern.outputs, below):
            parts = match.groupdict()
            return Place(
                manifest=f"{root}{RESULTS}/{pattern.manifest.format(**parts)}",
                name=pattern.name.format(**parts),
                command=f"rankscope {pattern.verb.format(**parts)}",
            )
    return None
