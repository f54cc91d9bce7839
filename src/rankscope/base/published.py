"""A version that others published: found, compared with its base, and linked.

Guarantees: what is linked is an adapter or a checkpoint of the base, tensor by tensor, in
safetensors; of a local one the files that the study was read with. No code of its folder runs, and
no pickle is opened. Not here: whether it is a good one.
"""

import logging
from pathlib import Path

from rankscope.artefacts.fingerprint import refuse_changed
from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import verified
from rankscope.errors import ModelError
from rankscope.hub import Repository, fetch
from rankscope.records.bases import MODEL_FILES
from rankscope.records.measurements import Published
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model
from rankscope.weights.model_folder import LOCAL, link_files, version_files

logger = logging.getLogger(__name__)


def make_version(spec: Published, base: Path, output: Path) -> None:
    """Link the version into the folder `output`; manifest `run.json` beside it.

    `base` is the folder of the base that it is of.

    Raises:
        ModelError: it cannot be had, is no adapter or checkpoint, or one of another base.
        ArtefactError: other files lie there than when the study was read.
    """
    with manifest(output.with_name("run.json"), "base", spec.name, spec.canonical()) as record:
        record.work_begins()
        verified(base)
        folder = _found(spec)
        open_tuned(folder, open_model(base))
        patterns, hashed = version_files(folder)
        record.inputs |= link_files(folder, patterns, hashed, output)
        record.covers(output)
    logger.info("%s: ready in %s", spec.name, output)


def _found(spec: Published) -> Path:
    """The folder with its files."""
    refuse_changed(spec.name, spec.where.file_sets, spec.where.found)
    at = spec.where.reference
    if at.revision is None:
        return Path(at.name)
    asked = Repository("model", at.name, at.revision, LOCAL)
    return fetch(asked, MODEL_FILES, ModelError)
