"""A tiny study that was run to its end by the verbs, and what reads which of its artefacts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from artefacts_of import decomposed, scores_of, spectra_of
from rankscope.artefacts import layout
from rankscope.artefacts.parts import parts_of
from rankscope.cli import app
from rankscope.records.runs import Run
from rankscope.records.study import Study
from tiny_study import FILE


def rankscope(*arguments: str) -> str:
    """Run a verb in this process and return what it printed; its error is raised."""
    # the study before the arguments: these may end with a list of paths
    given = [*arguments, *(() if arguments[0] == "verify" else ("--study", FILE))]
    outcome = CliRunner().invoke(app, given)
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def run_to_its_end(study: Study, run: Run) -> None:
    """Run every stage behind the base, with one run; the working folder holds the base."""
    rankscope("data", "pack", "code")
    rankscope("train", run.name)
    for subject in ("base", run.name):
        rankscope("evaluate", "predict", subject)
        rankscope("evaluate", "score", subject)
    rankscope("spectra", "base")
    rankscope("spectra", "run", run.name)
    for verb in REPORT:
        rankscope(*verb)


@dataclass(frozen=True)
class Kind:
    """A kind of artefact: a file of it, and the verbs that read it."""

    file: Callable[[Study, Run], str]
    readers: tuple[tuple[str, ...], ...]


PACK = ("data", "pack", "code")
PACK_CORPUS = ("data", "pack", "english")
TRAIN = ("train", "lora-r1@0", "--again")
PREDICT = ("evaluate", "predict", "lora-r1@0", "--suite", "tiny")
SCORE = ("evaluate", "score", "lora-r1@0", "--suite", "tiny")
SPECTRA_BASE = ("spectra", "base")
SPECTRA = ("spectra", "run", "lora-r1@0")
TABLES, PAGE = (("report", name) for name in ("tables", "page"))
CHAPTERS = tuple(
    ("report", "chapter", name) for name in ("tradeoff", "intruders", "updates", "training")
)
REPORT = (TABLES, *CHAPTERS, PAGE)
READ_MODEL = (TRAIN, PREDICT, SPECTRA_BASE, SPECTRA)


def _step(name: str) -> Callable[[Study, Run], str]:
    return lambda s, r: f"{layout.kept_weights(r.name)}/{layout.step_folder(4)}/{name}"


def _part(study: Study, run: Run) -> str:
    """What the last step of a run was first asked."""
    return parts_of(Path(layout.scores_manifest(scores_of(study, run.name).name)))[-1].name


MATRIX = "model.layers.0.mlp.up_proj"
KINDS = {
    "rows": Kind(lambda s, r: layout.data_rows(s.data["code"].name), (PACK, PREDICT)),
    "rows of the corpus": Kind(
        lambda s, r: layout.data_rows(s.data["english"].name), (PACK_CORPUS,)
    ),
    "packed": Kind(lambda s, r: layout.packed(r.packed.name), (TRAIN,)),
    "base": Kind(lambda s, r: f"{layout.base_model(s.base.name)}/model.safetensors", READ_MODEL),
    "config": Kind(lambda s, r: f"{layout.base_model(s.base.name)}/config.json", READ_MODEL),
    "tokenizer": Kind(lambda s, r: f"{layout.base_model(s.base.name)}/tokenizer.json", READ_MODEL),
    "tokenizer of the root": Kind(
        lambda s, r: f"{layout.base_model(s.base.root.name)}/tokenizer.json", (PACK, PACK_CORPUS)
    ),
    "base spectra": Kind(
        lambda s, r: (
            f"{layout.decomposition(decomposed(s).name)}/model.layers.0.mlp.up_proj.safetensors"
        ),
        (SPECTRA,),
    ),
    "weights": Kind(_step("adapter_model.safetensors"), (PREDICT, SPECTRA)),
    "adapter config": Kind(_step("adapter_config.json"), (PREDICT, SPECTRA)),
    "loss": Kind(lambda s, r: layout.loss_curve(r.name), (TABLES,)),
    "predictions": Kind(lambda s, r: layout.predictions(_part(s, r)), (SCORE,)),
    "scores": Kind(lambda s, r: layout.scores(_part(s, r)), (TABLES,)),
    "spectra": Kind(
        lambda s, r: f"{layout.spectra(spectra_of(s, r.name).name)}/vectors.parquet", (TABLES,)
    ),
    "tables": Kind(lambda s, r: f"{layout.report_tables(s.study)}/runs.parquet", (*CHAPTERS, PAGE)),
    "claims": Kind(
        lambda s, r: f"{layout.report_chapter(s.study, 'updates')}/claims.parquet", (PAGE,)
    ),
    "figures": Kind(
        lambda s, r: f"{layout.report_chapter(s.study, 'tradeoff')}/figures/plane.json", (PAGE,)
    ),
}
