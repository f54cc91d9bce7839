"""Labelled rows as token ids."""

from labelled_runs import LABELS, pairs, write_pairs
from rankscope.data.encodings.labelled import encoded, encoder
from rankscope.data.kinds.labelled import content
from tiny_heads import save_tokenizer


def test_training_rows_are_encoded_in_an_order_of_the_seed(tmp_path) -> None:
    save_tokenizer(tmp_path, "bert")
    path = write_pairs(tmp_path / "rows.jsonl")
    spec = pairs(path)
    rows = content(spec).rows
    reader = encoder(spec, tmp_path, 12)
    made = encoded(spec, rows, reader, 12)
    table = made.table
    training = {row["id"]: row for row in rows.filter(split="train").to_dicts()}
    assert set(table["id"]) == set(training)
    for row in table.to_dicts():
        source = training[row["id"]]
        assert row["label"] == LABELS.index(source["label"])
        pair = reader.encode(source["text"], source["second"])
        assert row["input_ids"] == list(pair.input_ids)
        assert row["segments"] == list(pair.segments)
    lengths = table["input_ids"].list.len()
    cut = sum(len(row["text"]) + len(row["second"]) + 3 > 12 for row in training.values())
    assert lengths.max() == 12
    assert made.results == {"examples": 36, "tokens": lengths.sum(), "truncated": cut}
    assert encoded(spec, rows.reverse(), reader, 12).table.equals(table)
    other = pairs(path, seed=1)
    assert encoded(other, rows, reader, 12).table["id"].to_list() != table["id"].to_list()
