"""rankscope: full fine-tuning or LoRA, and at which rank?

A bare `snakemake` runs the study that config.yaml names; `snakemake reports/<study>/index.html`
any study of workflow/studies; `--config study=path/to/mine.yaml` one's own. The targets `data`,
`base`, `train`, `evaluate`, `spectra` and `report` stop after the stage of that name; they stand
before `--config`, which takes all that follows it.
"""

from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

from rankscope.artefacts import layout
from rankscope.workflow.outcome import failure, list_few_files, say_last, success
from rankscope.workflow.start import studies_at_start
from rankscope.workflow.lookups import Lookups, accept_stage_names, scaled
from rankscope.artefacts.source_hash import source_hash

min_version("9.0")


# in another folder the study is given on the command line
if Path("config.yaml").exists():

    configfile: "config.yaml"


lookups = Lookups(studies_at_start(config, workflow))
accept_stage_names(workflow, lookups)
list_few_files(logger)


onsuccess:
    say_last(success(lookups.studies, map(str, workflow.dag_settings.targets)))


onerror:
    say_last(failure(workflow.scheduler.failed))


wildcard_constraints:
    name=r"[\w-]+",
    study=r"[\w-]+",
    chapter=r"[\w-]+",


localrules:
    all,
    data,
    base,
    train,
    evaluate,
    spectra,
    report,


rule all:
    """All that the study of config.yaml asks for; its report last."""
    default_target: True
    input:
        lookups.everything,


rule data:
    """Data of the study: documents and items, tokenised and packed."""
    input:
        lookups.target("data"),


rule base:
    """Base model of the study."""
    input:
        lookups.target("base"),


rule train:
    """All runs of the study."""
    input:
        lookups.target("train"),


rule evaluate:
    """Scores of the base and of all runs of the study."""
    input:
        lookups.target("evaluate"),


rule spectra:
    """Spectral analysis of all runs of the study."""
    input:
        lookups.target("spectra"),


rule report:
    """Report of the study."""
    input:
        lookups.target("report"),


include: "workflow/rules/data.smk"
include: "workflow/rules/base.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/report.smk"
