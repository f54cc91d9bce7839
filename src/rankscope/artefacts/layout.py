"""Where every artefact lies, relative to the folder a study is run in.

Guarantees: the only place that knows the paths, for the workflow and the CLI verbs alike. Paths
are plain strings with `/`, because Snakemake compares them as text.
"""

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


def remembered_hashes(files: str) -> str:
    """Hashes of the files of one place, which a study names; see `study.fingerprint`."""
    return f"{RESULTS}/.fingerprints/{files}.json"


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


def report_claims(study: str) -> str:
    """Verdicts on the papers' claims; beside it the same as CSV."""
    return f"{RESULTS}/report/{study}/claims.parquet"


def report_figures(study: str) -> str:
    """Folder with the figures of a study, as Vega-Lite."""
    return f"{RESULTS}/report/{study}/figures"


def report_figure(study: str, figure: str) -> str:
    """One rendered figure; `rankscope.report.FIGURE_NAMES` lists them."""
    return f"{report_figures(study)}/{figure}.svg"


def report_manifest(study: str, verb: str) -> str:
    """Manifest of one verb of the report stage: tables, claims, figures or page."""
    return f"{RESULTS}/report/{study}/{verb}.json"


def report_page(study: str) -> str:
    """The page a person opens."""
    return f"reports/{study}/index.html"
