"""A mirror on the hub: at its revision, from the cache, or a sentence."""

from pathlib import Path

import pytest

from rankscope.data.kinds import niv2_hub
from rankscope.errors import ArtefactError, DataError
from rankscope.records.instructions import Niv2Mirror
from rankscope.studies.found import look
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


def test_another_table_of_categories_is_another_collection(tmp_path: Path):
    table = tmp_path / "categories.tsv"
    table.write_text("task\tcategory\n", "utf-8")
    before = mirror(categories=str(table))
    before = before.replaced(found=look(before))
    table.write_text("task\tcategory\ntask001\tOther\n", "utf-8")
    after = before.replaced(found=look(before))
    assert before.name != after.name
    with pytest.raises(ArtefactError, match="categories"):
        niv2_hub.content(before, ())
