"""Options of the spectral verbs: what is allowed, and a sentence for the rest."""

import pytest
import typer

from rankscope.spectra.options import checked_device, checked_precision


@pytest.mark.parametrize("given", ["f64", "f32"])
def test_a_precision_is_taken_as_it_is(given):
    assert checked_precision(given) == given


@pytest.mark.parametrize("given", ["", "F64", "float32", "bf16"])
def test_another_precision_is_refused(given):
    with pytest.raises(typer.BadParameter, match="allowed are f64 and f32"):
        checked_precision(given)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    torch = pytest.importorskip("torch")
    assert checked_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(typer.BadParameter, match="finds no CUDA device"):
        checked_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert checked_device("cuda") == "cuda"
    with pytest.raises(typer.BadParameter, match="allowed are cpu and cuda"):
        checked_device("cuda:1")
