"""What is asked of the hub, and what of it lies in the cache, as huggingface_hub has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from rankscope.errors import DataError, ModelError, RankscopeError
from rankscope.hub import (
    Repository,
    cached_snapshot,
    fetch,
    fetch_file,
    not_cached,
    offline,
)

REVISION = "a" * 40
MODEL = Repository("model", "some/model", REVISION)


@pytest.mark.parametrize("value", [None, "", "0", "1", "on", "yes", "TRUE", "no", "2"])
def test_offline_is_what_the_library_takes_for_it(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
    program = "from huggingface_hub import constants; print(constants.HF_HUB_OFFLINE)"
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert str(offline()) == answer.stdout.strip()


def test_the_command_fetches_what_is_missing() -> None:
    text = not_cached(Repository("dataset", "some/text", REVISION))
    assert f"`hf download --repo-type dataset some/text --revision {REVISION}`" in text
    assert f"`hf download some/model --revision {REVISION}`" in not_cached(MODEL)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one file of one model, in the layout of the library."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    folder = tmp_path / "models--some--model" / "snapshots" / REVISION
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_what_the_cache_holds_is_found_as_the_library_finds_it(cache: Path) -> None:
    assert cached_snapshot(MODEL) == cache
    assert fetch(MODEL, ["*.json"], ModelError) == cache
    assert fetch_file(MODEL, "config.json", ModelError) == cache / "config.json"
    dataset = Repository("dataset", "some/model", REVISION)
    assert cached_snapshot(dataset) is None, "a dataset of the same name is another repository"


@pytest.mark.parametrize("error", [ModelError, DataError])
def test_what_is_not_there_is_a_sentence_of_who_asks(
    cache: Path, error: type[RankscopeError]
) -> None:
    missing = Repository("dataset", "some/text", REVISION, "give a folder")
    with pytest.raises(error, match="cannot be reached and is not in the local cache") as caught:
        fetch(missing, ["*"], error)
    assert missing.command in str(caught.value)
    assert str(caught.value).endswith("or give a folder")
    with pytest.raises(error, match="not in the local cache"):
        fetch_file(MODEL, "absent.json", error)


def test_a_name_that_is_none_is_refused_and_any_other_failure_is_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="the hub refuses it"):
        fetch(Repository("model", "a/b/c", REVISION), ["*"], ModelError)

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(ModelError, match="cannot be fetched: Permission denied; check its name"):
        fetch(MODEL, ["*"], ModelError)
