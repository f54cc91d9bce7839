"""Parameter counts by the libraries, against closed forms."""

from pathlib import Path

import pytest

from rankscope.errors import ModelError
from rankscope.records.heads import CausalLM
from rankscope.records.methods import FullFineTuning

meta_device = pytest.importorskip("rankscope.weights.meta_device")


def test_an_unknown_architecture_is_refused_with_a_message(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="knows no model of `model_type: no-such-type`"):
        meta_device.parameter_counts({"model_type": "no-such-type"}, FullFineTuning(), CausalLM())
