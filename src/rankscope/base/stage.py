"""The base stage: from a spec to a model folder in the Hugging Face layout.

Guarantees: `output` loads with `AutoModelForCausalLM` and `AutoTokenizer`; it is whole or not
there; the manifest records hashes of what went in, and is written last.
"""

import logging
from pathlib import Path

from rankscope.artefacts.manifest import manifest
from rankscope.base.model_folder import fetch_hub, link_local
from rankscope.errors import ArtefactError
from rankscope.study.specs import EmbeddedBase, HubBase, LocalBase

logger = logging.getLogger(__name__)


def make_base(
    spec: EmbeddedBase | LocalBase | HubBase, corpus: Path | None, output: Path, resume: Path
) -> None:
    """Pre-train, link or fetch the base into the folder `output`; manifest `run.json` beside it.

    `corpus` are the rows that an embedded base is pre-trained on, otherwise None.

    Raises:
        ModelError: a local or hub model is missing, incomplete or unsafe; pre-training diverged.
        DataError: the corpus is too small.
        ArtefactError: the corpus is missing, or another process is at work on this base.
    """
    if isinstance(spec, EmbeddedBase):
        from rankscope.base.pretraining import pretrain

        if corpus is None:
            raise ArtefactError(f"{spec.name}: an embedded base needs the rows of its corpus")
        pretrain(spec, corpus, output, resume)
    else:
        path = output.with_name("run.json")
        with manifest(path, "base", spec.name, spec.canonical()) as record:
            record.work_begins()
            if isinstance(spec, LocalBase):
                record.inputs = link_local(spec, output)
            else:
                record.inputs = fetch_hub(spec, output)
    logger.info("%s: ready in %s", spec.name, output)
