"""A model of the Hugging Face hub: fetched at its revision, verified, and linked."""

from collections.abc import Sequence
from pathlib import Path

from rankscope.artefacts.manifest import Manifest
from rankscope.records.bases import HubBase
from rankscope.weights.model_folder import fetch_hub


def make(base: HubBase, inputs: Sequence[Path], output: Path, record: Manifest) -> None:
    """Fetch `base` and link it into `output`; it is made from no other artefact.

    Raises:
        ModelError: it cannot be had, or it is incomplete.
    """
    del inputs
    record.inputs |= fetch_hub(base, output)
    record.covers(output)
