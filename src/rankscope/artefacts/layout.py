"""Where every artefact lies, relative to the folder a study is run in.

Guarantees: the only place that knows the paths, for the workflow and the CLI verbs alike; what
lies where is told by the verb that makes an artefact and by its name, so that nobody has to ask
what kind of record it holds. Paths are plain strings with `/`, because Snakemake compares them as
text.
"""

import re
from dataclasses import dataclass
from functools import cached_property

RESULTS = "results"
RECORDS = f"{RESULTS}/.records"


@dataclass(frozen=True)
class Home:
    """Where the artefacts of one verb lie, below `results`: one folder or two files of each.

    `{name}` stands for an artefact's name. `files` are what later jobs read; `command` is what
    makes an artefact again, also where it is there; empty for a part of what another verb makes.
    """

    command: str
    path: str
    files: tuple[str, ...]

    @property
    def manifest(self) -> str:
        """In a home that is a folder `run.json`, else beside the one file."""
        return f"{self.path}/run.json" if self.is_folder else f"{self.path}.json"

    @property
    def is_folder(self) -> bool:
        """Whether an artefact has a folder of its own."""
        return not any(file.startswith(f"{self.path}.") for file in self.files)

    @cached_property
    def parts(self) -> re.Pattern[str]:
        """What lies below `results` and is a part of an artefact."""
        # a slug and a hash: `spectra/bases` is no run's
        name = "(?P<name>[^/.]+-[^/.]+)"
        path = re.escape(self.path).replace(re.escape("{name}"), name)
        if not self.is_folder:
            return re.compile(rf"{path}\.(parquet|json)")
        return re.compile(rf"{path}(/.*)?" if self.path in self.files else rf"{path}/.+")


HOMES = {
    # the more special come first: a folder of packed data is none of a variant
    "data pack": Home("data pack {name}", "data/packed/{name}", ("data/packed/{name}.parquet",)),
    "data rows": Home("data rows {name}", "data/{name}", ("data/{name}/rows.parquet",)),
    "base version": Home(
        "base version {name} --again", "base/versions/{name}", ("base/versions/{name}/weights",)
    ),
    "base model": Home("base model {name} --again", "base/{name}", ("base/{name}/model",)),
    "train": Home(
        "train {name} --again", "train/{name}", ("train/{name}/steps", "train/{name}/loss.parquet")
    ),
    "evaluate predict": Home(
        "evaluate predict {name} --again",
        "evaluate/answers/{name}",
        ("evaluate/answers/{name}.json",),
    ),
    "evaluate score": Home(
        "evaluate score {name} --again", "evaluate/scores/{name}", ("evaluate/scores/{name}.json",)
    ),
    # the parts of both: what one version says of one evaluation, and its scores
    "predictions": Home(
        "", "evaluate/predictions/{name}", ("evaluate/predictions/{name}.parquet",)
    ),
    "scored": Home("", "evaluate/{name}", ("evaluate/{name}.parquet",)),
    "spectra base": Home("spectra base {name}", "spectra/bases/{name}", ("spectra/bases/{name}",)),
    "spectra run": Home("spectra run {name}", "spectra/{name}", ("spectra/{name}",)),
}
"""The places of artefacts under the verbs that make them (`Artefact.verb`)."""


def outputs(verb: str, name: str) -> tuple[str, ...]:
    """All files and folders of an artefact, its manifest last where it lies in none of them."""
    home = HOMES[verb]
    manifest = () if home.path in home.files else (home.manifest,)
    paths = dict.fromkeys((*home.files, *manifest))
    return tuple(f"{RESULTS}/{path.format(name=name)}" for path in paths)


def manifest_of(verb: str, name: str) -> str:
    """The manifest of an artefact: written when all of it is complete."""
    return f"{RESULTS}/{HOMES[verb].manifest.format(name=name)}"


def data_rows(data: str) -> str:
    """Documents or items of a data variant: one row each, with id, hash and split."""
    return f"{RESULTS}/data/{data}/rows.parquet"


def data_manifest(data: str) -> str:
    """Manifest of a data variant."""
    return manifest_of("data rows", data)


def packed(packed: str) -> str:
    """Training data, tokenised, and packed or encoded."""
    return f"{RESULTS}/data/packed/{packed}.parquet"


def base_model(base: str) -> str:
    """Folder of the base in the Hugging Face layout."""
    return f"{RESULTS}/base/{base}/model"


def base_manifest(base: str) -> str:
    """Manifest of a base: written when the model's folder is complete."""
    return manifest_of("base model", base)


def version_weights(version: str) -> str:
    """Folder with the adapter or checkpoint of a version that others published."""
    return f"{RESULTS}/base/versions/{version}/weights"


def version_manifest(version: str) -> str:
    """Manifest of a published version."""
    return manifest_of("base version", version)


def decomposition(decomposition: str) -> str:
    """Folder with the decomposition of every weight matrix of a base."""
    return f"{RESULTS}/spectra/bases/{decomposition}"


def run_folder(run: str) -> str:
    """Folder of one training run."""
    return f"{RESULTS}/train/{run}"


def run_manifest(run: str) -> str:
    """Manifest of a run: written when its weights and loss curve are complete."""
    return manifest_of("train", run)


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


def record(name: str) -> str:
    """The record of an artefact, or of a study, as a workflow was started with it."""
    return f"{RECORDS}/{name}.json"


def remembered_hashes(part: str) -> str:
    """Hashes of large files with the states in which they were counted, in parts by their paths."""
    return f"{RESULTS}/.hashes/{part}.json"


def answers_manifest(answers: str) -> str:
    """Manifest that lists what the versions of a job said to a suite."""
    return manifest_of("evaluate predict", answers)


def predictions(part: str) -> str:
    """What one version said of one evaluation: one row per item, unscored."""
    return f"{RESULTS}/evaluate/predictions/{part}.parquet"


def scores_manifest(scores: str) -> str:
    """Manifest that lists the scores of such answers."""
    return manifest_of("evaluate score", scores)


def scores(part: str) -> str:
    """Scores of one version on one evaluation: one row per item and metric."""
    return f"{RESULTS}/evaluate/{part}.parquet"


def spectra(spectra: str) -> str:
    """Folder with the spectral tables of one run."""
    return f"{RESULTS}/spectra/{spectra}"


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
    """The artefact that a path is a part of: its manifest, its name, and what makes it again.

    `command` is empty where the job makes it again that lists it (`artefacts.parts`).
    """

    manifest: str
    name: str
    command: str


@dataclass(frozen=True)
class _Pattern:
    """Below `results/report`: what a verb writes, its manifest, its name, the verb."""

    outputs: str
    manifest: str
    name: str
    verb: str


_REPORT = (
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
    """Return the artefact that `path` is, or is a part of; None outside the layout.

    `path` may be absolute, or of the results of another folder.
    """
    root, there, below = path.rpartition(f"{RESULTS}/")
    if not there or (root and not root.endswith("/")):
        return None
    for home in HOMES.values():
        if match := home.parts.fullmatch(below):
            name = match["name"]
            manifest = f"{root}{RESULTS}/{home.manifest.format(name=name)}"
            command = f"rankscope {home.command.format(name=name)}" if home.command else ""
            return Place(manifest, name, command)
    for pattern in _REPORT:
        if match := re.fullmatch(pattern.outputs, below):
            parts = match.groupdict()
            return Place(
                manifest=f"{root}{RESULTS}/{pattern.manifest.format(**parts)}",
                name=pattern.name.format(**parts),
                command=f"rankscope {pattern.verb.format(**parts)}",
            )
    return None
