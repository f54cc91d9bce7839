"""A LoRA that was really trained, made once for all verbs that look into models."""

from pathlib import Path

import pytest

from trained_adapter import train_adapter


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folders `adapter` and `merged`, and `logits.pt`."""
    folder = tmp_path_factory.mktemp("trained")
    train_adapter(folder)
    return folder
