"""Headers of safetensors files: what makes no sense is refused with a message."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from rankscope.errors import ModelError
from rankscope.spectra.tensor_files import read_header


def write_header(path, header, data=b"\0" * 64):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ([], "not a JSON object"),
        ({"w": {"shape": [2], "data_offsets": [0, 8]}}, "does not say type"),
        ({"w": []}, "does not say type"),
        ({"w": {"dtype": "F32", "shape": None, "data_offsets": [0, 8]}}, "does not say type"),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}, "does not say type"),
        ({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, "cannot lie"),
        ({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}, "cannot lie"),
        ({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [8, 0]}}, "cannot lie"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path, header, message):
    path = tmp_path / "model.safetensors"
    write_header(path, header)
    with pytest.raises(ModelError, match=message):
        read_header(path)


def test_scalars_and_empty_tensors_are_read(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"scalar": np.array(3.0), "empty": np.zeros((0, 4))}, path)
    stored = read_header(path)
    assert stored["scalar"].read() == 3
    assert stored["empty"].read().shape == (0, 4)
