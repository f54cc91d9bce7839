"""A base in 4 bits as an artefact: made from the one base before it, all of its files covered."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.manifest import manifest
from rankscope.base.kinds.quantised import make
from rankscope.records.bases import LocalBase
from rankscope.records.runs import QuantisedBase
from rankscope.weights.matrices import open_model
from tiny_llama import save_base

pytestmark = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="needs the extra `quantised`"
)


def test_every_file_is_covered_and_every_layer_is_quantised(tmp_path: Path) -> None:
    of = save_base(tmp_path / "of")
    base = QuantisedBase(of=LocalBase(source="local", path=str(of)), quantisation="nf4")
    with manifest(tmp_path / "run.json", "base", base.name, {}) as record:
        make(base, (of,), tmp_path / "model", record)
    outputs = json.loads((tmp_path / "run.json").read_text())["outputs"]
    files = {f"model/{path.name}": file_sha256(path) for path in (tmp_path / "model").iterdir()}
    assert outputs == files
    assert "model/tokenizer.json" in outputs
    model = open_model(tmp_path / "model")
    assert {model.precision(matrix) for matrix in model.matrices} == {"dequantised"}
