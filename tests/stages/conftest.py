"""A LoRA that was really trained, made once for all verbs that look into models."""

import warnings
from pathlib import Path

import pytest

from trained_adapter import train_adapter


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folders `adapter` and `merged`, and `logits.pt`."""
    folder = tmp_path_factory.mktemp("trained")
    train_adapter(folder)
    return folder


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own, which holds pairs.jsonl and texts.jsonl."""
    from document_runs import write_documents
    from labelled_runs import write_pairs

    monkeypatch.chdir(tmp_path)
    warnings.filterwarnings("ignore", module="peft")
    write_pairs(Path("pairs.jsonl"))
    write_documents(Path("texts.jsonl"))
