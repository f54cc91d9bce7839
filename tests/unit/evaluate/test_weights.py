import json
import shutil

import pytest

from rankscope.errors import ModelError
from rankscope.evaluate.weights import load_tokenizer


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(tmp_path / "nothing")


def test_a_tokenizer_without_eos_is_refused(base, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    path = folder / "tokenizer_config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if "os_token" not in k}
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no end-of-text token"):
        _ = load_tokenizer(folder).encoder
