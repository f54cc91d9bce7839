"""The base stage: from a spec to a model folder in the Hugging Face layout.

Guarantees: `output` loads with `AutoModelForCausalLM` and `AutoTokenizer`; it is whole or not
there; the manifest records hashes of what went in, and is written last.
"""

import logging
from pathlib import Path

from rankscope.artefacts.manifest import manifest
from rankscope.errors import ArtefactError
from rankscope.records.bases import EmbeddedBase, HubBase, LocalBase, QuantisedBase, TrainedBase
from rankscope.weights.model_folder import fetch_hub, link_local

logger = logging.getLogger(__name__)


def make_base(spec: TrainedBase, source: Path | None, output: Path, resume: Path) -> None:
    """Pre-train, link, fetch or quantise the base into `output`; manifest `run.json` beside it.

    `source` are the rows that an embedded base is pre-trained on, or the folder of the base that a
    quantised one is made from; otherwise None.

    Raises:
        ModelError: a local or hub model is missing, incomplete or unsafe; pre-training diverged.
        DataError: the corpus is too small.
        ArtefactError: the source is missing, or another process is at work on this base.
    """
    if isinstance(spec, EmbeddedBase):
        from rankscope.base.pretraining import pretrain

        if source is None:
            raise ArtefactError(f"{spec.name}: an embedded base needs the rows of its corpus")
        pretrain(spec, source, output, resume)
    else:
        path = output.with_name("run.json")
        with manifest(path, "base", spec.name, spec.canonical()) as record:
            record.work_begins()
            record.inputs |= _taken_over(spec, source, output)
            record.covers(output)
    logger.info("%s: ready in %s", spec.name, output)


def _taken_over(
    spec: LocalBase | HubBase | QuantisedBase, source: Path | None, output: Path
) -> dict[str, str]:
    """Make a base from weights that exist; return the hashes of what is no artefact."""
    if isinstance(spec, LocalBase):
        return link_local(spec, output)
    if isinstance(spec, HubBase):
        return fetch_hub(spec, output)
    from rankscope.weights.four_bit import quantise

    if source is None:
        raise ArtefactError(f"{spec.name}: a quantised base needs the folder of {spec.of.name}")
    quantise(spec, source, output)
    return {}
