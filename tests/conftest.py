"""What every stage's tests can start from: a tiny study whose data and base were really made.

`tiny_base` is made once per session by the project's own verbs, from text made up in `tiny_study`,
in about ten seconds. Use it like this:

    def test_something(tiny_base, tmp_path, monkeypatch):
        tiny_base.copy_to(tmp_path)      # its documents, tiny.yaml and results/
        monkeypatch.chdir(tmp_path)      # artefacts are found relative to the working folder
        ...  # rankscope … --study ./tiny.yaml, or load_study("./tiny.yaml")

or, to read only, `tiny_base.model` (a folder that transformers loads), `tiny_base.rows("code")` and
`tiny_base.study`.
"""

from pathlib import Path

import pytest

from tiny_heads import FAMILIES, save_family
from tiny_study import WIDE_STUDY, TinyBase, make_tiny_base


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> TinyBase:
    """Documents, items and base of the tiny study, made by the verbs."""
    folder = tmp_path_factory.mktemp("tiny-study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return make_tiny_base(folder)


@pytest.fixture(scope="session")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> TinyBase:
    """The same with weights that bitsandbytes can quantise."""
    folder = tmp_path_factory.mktemp("wide-study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return make_tiny_base(folder, WIDE_STUDY)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A random base of every family of `tiny_heads`, to read only."""
    folder = tmp_path_factory.mktemp("families")
    return {family: save_family(family, folder / family) for family in FAMILIES}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without hub cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path
