"""The base stage: from a spec to a model folder in the Hugging Face layout.

Guarantees: `output` loads with `AutoModelForCausalLM` and `AutoTokenizer`; it is whole or not
there; the manifest records hashes of what went in, and is written last. How a base is made says
the module of its source in `base/kinds/`.
"""

import logging
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from rankscope.artefacts.manifest import manifest
from rankscope.records.runs import TrainedBase

logger = logging.getLogger(__name__)


def make_base(spec: TrainedBase, inputs: Sequence[Path], output: Path) -> None:
    """Make the base and write it to the folder `output`; manifest `run.json` beside it.

    `inputs` are where the `sources` of the base lie, in their order.

    Raises:
        ModelError: a local or hub model is missing, incomplete or unsafe; a run gives no base.
        DataError: the corpus of a tokenizer is too small.
        ArtefactError: an input is missing or is not what was written.
    """
    of_kind = import_module(f"{__package__}.kinds.{spec.source}")
    with manifest(output.with_name("run.json"), "base", spec.name, spec.canonical()) as record:
        record.work_begins()
        of_kind.make(spec, inputs, output, record)
    logger.info("%s: ready in %s", spec.name, output)
