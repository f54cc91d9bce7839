"""Safetensors files: values as stored, shards, and headers that make no sense."""

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from rankscope.errors import ModelError
from rankscope.weights.tensor_files import list_tensors, read_header


def write_header(path, header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(start=0, stop=8, **other):
    return {"dtype": "F32", "shape": [2], "data_offsets": [start, stop]} | other


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ([], "not a JSON object"),
        ("text", "not a JSON object"),
        (None, "not a JSON object"),
        (b"", "Expecting value"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"w": ' * 100_000, "nested too deeply"),
        (b'{"w": {"dtype": "F32", "shape": [' + b"9" * 5000 + b"]}}", "4300 digits"),
        (b'{"w": "\\ud800"', "cannot be read"),
        ({"w": {"shape": [2], "data_offsets": [0, 8]}}, "does not say type"),
        ({"w": []}, "does not say type"),
        ({"w": entry(dtype=["F32"])}, "does not say type"),
        ({"w": entry(shape=None)}, "does not say type"),
        ({"w": entry(shape="2")}, "does not say type"),
        ({"w": entry(shape=[2.0])}, "does not say type"),
        ({"w": entry(shape=[True, 2])}, "does not say type"),
        ({"w": entry(shape=[[2]])}, "does not say type"),
        ({"w": entry(shape=[0, 10**30])}, "does not say type"),
        ({"w": entry(data_offsets=[0])}, "does not say type"),
        ({"w": entry(data_offsets=["0", "8"])}, "does not say type"),
        ({"w": entry(shape=[-2])}, "does not say type"),
        ({"w": entry(shape=[3])}, "cannot lie"),
        ({"w": entry(8, 0)}, "cannot lie"),
        ({"w": entry(8, 0, dtype="F8_E4M3")}, "cannot lie"),
        ({"w": entry(), "v": entry()}, "share bytes"),
        ({"w": entry(), "v": entry(4, 12)}, "share bytes"),
        ({"w": entry(8, 16)}, "share bytes"),
        ({"w": entry(shape=[1], data_offsets=[0, 4])}, "tells of"),
        ({"w": entry(shape=[2**40], data_offsets=[0, 2**42])}, "truncated"),
        ({"w\u001b[2J": entry()}, "characters that are none"),
        ({"w\0": entry()}, "characters that are none"),
        ({"\ud800": entry()}, "characters that are none"),
        (b'{"w": %b, "w": %b}' % ((json.dumps(entry()).encode(),) * 2), "'w' twice"),
    ],
)  # fmt: skip
def test_a_header_that_makes_no_sense_is_refused(tmp_path, header, message):
    path = tmp_path / "model.safetensors"
    write_header(path, header)
    with pytest.raises(ModelError, match=message) as caught:
        read_header(path)
    assert str(path) in str(caught.value)
    assert "fetch the file again" in str(caught.value)


@pytest.mark.parametrize("length", [-1, 2**62, 100_000_001, 9])
def test_a_length_that_lies_is_refused(tmp_path, length):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<q", length) + b"{}" + b"\0" * 4)
    with pytest.raises(ModelError, match="longer than the file"):
        read_header(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(
    header=st.dictionaries(
        st.text(max_size=5),
        json_values
        | st.fixed_dictionaries({"dtype": json_values, "shape": json_values,
                                 "data_offsets": json_values}),
    ),
    data=st.binary(max_size=20),
)  # fmt: skip
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_is_read_or_refused_in_a_sentence(tmp_path, header, data):
    path = tmp_path / "model.safetensors"
    write_header(path, header, data)
    try:
        tensors = read_header(path)
    except ModelError as error:
        assert str(path) in str(error)
    else:
        assert [tensor.read().shape for tensor in tensors.values()] == [
            tensor.shape for tensor in tensors.values()
        ]


def test_scalars_and_empty_tensors_are_read(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"scalar": np.array(3.0), "empty": np.zeros((0, 4))}, path)
    stored = read_header(path)
    assert stored["scalar"].read() == 3
    assert stored["empty"].read().shape == (0, 4)


def test_a_file_that_shrinks_while_it_is_read_is_said(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": np.ones(100)}, path)
    stored = read_header(path)["w"]
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ModelError, match="became shorter"):
        stored.read()
    path.unlink()
    with pytest.raises(ModelError, match="No such file"):
        stored.read()


def test_weights_left_empty_by_a_sharded_training_are_said(tmp_path):
    full = {"a.weight": np.ones((2, 2)), "b.weight": np.zeros(0), "c.bias": np.zeros(0)}
    save_file(full, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"2 of 3 tensors are empty, 'b\.weight' first, as .*ZeRO"):
        list_tensors(tmp_path, "model")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "this JSON is a list"),
        ("{", "cannot be read"),
        ({}, "for no tensor"),
        ({"weight_map": []}, "for no tensor"),
        ({"weight_map": {}}, "for no tensor"),
        ({"weight_map": {"a": 1}}, "into 1; allowed are names of files beside the index"),
        ({"weight_map": {"a": None}}, "allowed are names"),
        ({"weight_map": {"a": ["one.safetensors"]}}, "allowed are names"),
        ({"weight_map": {"a": ""}}, "allowed are names"),
        ({"weight_map": {"a": ".."}}, "allowed are names|a folder"),
        ({"weight_map": {"a": "../one.safetensors"}}, "allowed are names"),
        ({"weight_map": {"a": "/etc/passwd"}}, "allowed are names"),
        ({"weight_map": {"a": "..\\one.safetensors"}}, "allowed are names"),
        ({"weight_map": {"a": "one\0.safetensors"}}, "null|missing"),
        ({"weight_map": {"a": "x" * 5000}}, "missing"),
        ({"weight_map": {"a": "two.safetensors"}}, "are missing: two.safetensors"),
        ({"weight_map": {"a": "dangling.safetensors"}}, "No such file"),
        ({"weight_map": {"a": "folder"}}, "this is a folder"),
        ({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}, "does not hold it"),
        ({"weight_map": {"a": "other.safetensors"}}, "does not hold it"),
    ],
)
def test_an_index_that_leads_astray_is_refused(tmp_path, content, message):
    save_file({"a": np.ones(2)}, tmp_path / "one.safetensors")
    save_file({"c": np.ones(2)}, tmp_path / "other.safetensors")
    (tmp_path / "dangling.safetensors").symlink_to(tmp_path / "gone")
    (tmp_path / "folder").mkdir()
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ModelError, match=message) as caught:
        list_tensors(tmp_path, "model")
    assert str(tmp_path) in str(caught.value)


def test_of_a_tensor_in_two_shards_the_index_says_which_counts(tmp_path):
    save_file({"a": np.ones(2), "b": np.ones(2)}, tmp_path / "one.safetensors")
    save_file({"a": np.zeros(2), "b": np.zeros(2)}, tmp_path / "two.safetensors")
    places = {"a": "one.safetensors", "b": "two.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    tensors = list_tensors(tmp_path, "model")
    assert tensors["a"].read().tolist() == [1, 1]
    assert tensors["b"].read().tolist() == [0, 0]


def test_half_precisions_keep_their_values(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    values = torch.randn(5, 7)
    path = tmp_path / "model.safetensors"
    save_torch({"b": values.bfloat16(), "h": values.half(), "f": values}, path)
    stored = read_header(path)
    np.testing.assert_array_equal(stored["b"].read(), values.bfloat16().float().numpy())
    np.testing.assert_array_equal(stored["h"].read(), values.half().float().numpy())
    np.testing.assert_array_equal(stored["f"].read(), values.numpy())
    assert stored["b"].read().dtype == np.float32


def test_truncated_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": np.zeros((50, 50))}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="truncated"):
        read_header(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 a zip file that is longer", struct.pack("<Q", 4) + b"{no}"]
)
def test_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"not a safetensors file|header of this safetensors file"):
        read_header(path)


def test_pickled_weights_are_refused_with_the_way_out(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelError, match="safe_serialization"):
        list_tensors(tmp_path, "model")


def test_shards_are_read_and_missing_ones_named(tmp_path):
    save_file({"a": np.ones(2)}, tmp_path / "one.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"two\.safetensors"):
        list_tensors(tmp_path, "model")
    save_file({"b": np.zeros(2)}, tmp_path / "two.safetensors")
    assert list_tensors(tmp_path, "model")["b"].read().tolist() == [0, 0]
