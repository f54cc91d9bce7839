"""A mirror on the hub: at its revision, from the cache, or a sentence."""

from pathlib import Path

import pytest

from rankscope.data.kinds import niv2_hub
from rankscope.errors import DataError
from rankscope.records.instructions import Niv2Mirror
from small_collection import TASKS, write_collection


def mirror(**changes) -> Niv2Mirror:
    return Niv2Mirror.model_validate(
        {"source": "niv2-hub", "repository": "someone/niv2", "revision": "1" * 40} | changes
    )


def test_a_mirror_that_cannot_be_reached_says_what_to_do(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match=r"someone/niv2 at revision 1{40} cannot be reached and"):
        niv2_hub.content(mirror(), ())


def test_a_mirror_in_the_cache_is_read_without_network(tmp_path: Path, monkeypatch):
    snapshot = tmp_path / "cache" / "datasets--someone--niv2" / "snapshots" / ("1" * 40)
    snapshot.mkdir(parents=True)
    write_collection(snapshot)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    fetch = "huggingface_hub.snapshot_download"
    asked = []

    def cached(repository: str, **options) -> str:
        asked.append((repository, options["revision"], options["repo_type"]))
        return str(snapshot)

    monkeypatch.setattr(fetch, cached)
    content = niv2_hub.content(mirror(minimum_instances=3), ())
    assert content.tables["tasks"]["task"].to_list() == list(TASKS)
    assert asked == [("someone/niv2", "1" * 40, "dataset")]
