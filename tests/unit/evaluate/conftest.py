import pytest

from tiny_llama import save_adapter, save_base


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Folder of a random Llama with a byte-level tokenizer; context of 64 tokens."""
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def adapter(base, tmp_path_factory):
    """Folder of a random rank-2 adapter on `base`."""
    return save_adapter(base, tmp_path_factory.mktemp("adapter"), seed=1)
