"""Another base with its linear layers in 4 bits; see `weights.four_bit`."""

from collections.abc import Sequence
from pathlib import Path

from rankscope.artefacts.manifest import Manifest
from rankscope.records.runs import QuantisedBase
from rankscope.weights.four_bit import quantise


def make(base: QuantisedBase, inputs: Sequence[Path], output: Path, record: Manifest) -> None:
    """Write the base of `inputs`, quantised, into `output`.

    Raises:
        ArtefactError: the base is not what was written.
        ModelError: the base cannot be loaded, or it has no layer to quantise.
    """
    (of,) = inputs
    quantise(base, of, output)
    record.covers(output)
