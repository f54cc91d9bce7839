"""The base stage: from a spec to a model folder in the Hugging Face layout.

Guarantees: `output` loads with `AutoModelForCausalLM` and `AutoTokenizer`; it is whole or not
there; the manifest records hashes of what went in, and is written last.
"""

import logging
from pathlib import Path

from rankscope.artefacts.manifest import file_sha256, manifest
from rankscope.base.model_folder import fetch_hub, link_local
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
    path = output.with_name("run.json")
    with manifest(path, "base", spec.name, spec.canonical()) as record:
        if isinstance(spec, EmbeddedBase):
            from rankscope.base.pretraining import pretrain

            record.work_begins()
            pretrain(spec, corpus or Path("no corpus"), output, resume, record)
        elif isinstance(spec, LocalBase):
            link_local(spec, output, record)
        else:
            fetch_hub(spec, output, record)
        record.outputs = {
            file.name: file_sha256(file)
            for file in sorted(output.glob("*.safetensors"))
            if file.name not in record.inputs
        }
        logger.info("%s: ready in %s", spec.name, output)
