"""A model folder of one's own: verified, and linked into the base's folder."""

from collections.abc import Sequence
from pathlib import Path

from rankscope.artefacts.manifest import Manifest
from rankscope.records.bases import LocalBase
from rankscope.weights.model_folder import link_local


def make(base: LocalBase, inputs: Sequence[Path], output: Path, record: Manifest) -> None:
    """Link the folder of `base` into `output`; it is made from no other artefact.

    Raises:
        ModelError: the folder is missing or incomplete, or holds its weights as pickles only.
    """
    del inputs
    record.inputs |= link_local(base, output)
    record.covers(output)
