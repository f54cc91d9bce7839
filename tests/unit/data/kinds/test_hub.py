"""Hub datasets: what is asked of the library, and what its refusals become."""

import pytest

from rankscope.data.kinds import hub as hub_dataset
from rankscope.errors import DataError
from rankscope.records.data import HubDataset

datasets = pytest.importorskip("datasets")
REVISION = "ab" * 20
SPEC = HubDataset(
    source="hub",
    repository="owner/prose",
    revision=REVISION,
    configuration="en",
    split="validation",
    text_field="body",
)


def test_the_pinned_revision_is_asked_for(monkeypatch):
    asked = {}

    def load_dataset(repository, configuration, **options):
        asked.update(options, repository=repository, configuration=configuration)
        return datasets.Dataset.from_list([{"body": "one"}, {"body": "two"}, {"body": "one"}])

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    documents, heldout = hub_dataset.read(SPEC)
    assert asked == {
        "repository": "owner/prose",
        "configuration": "en",
        "split": "validation",
        "revision": REVISION,
    }
    assert [(d.id, d.text) for d in documents] == [("validation:0", "one"), ("validation:1", "two")]
    assert len(heldout) == 1


def test_a_missing_field_lists_what_there_is(monkeypatch):
    rows = datasets.Dataset.from_list([{"text": "one"}, {"text": "two"}])
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows)
    with pytest.raises(DataError, match="row 0: there is no field 'body'; it has: text"):
        hub_dataset.read(SPEC)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ConnectionError("it is offline"), "it is offline; where the hub cannot be reached"),
        (ValueError("Unknown split"), "owner/prose at revision .* split 'validation': .* Unknown"),
        (RuntimeError("a broken shard"), "it cannot be read: a broken shard"),
    ],
)
def test_refusals_name_dataset_and_revision(monkeypatch, raised, message):
    def load_dataset(*_, **__):
        raise raised

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(DataError, match=message):
        hub_dataset.read(SPEC)
