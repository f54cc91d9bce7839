import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.errors import ArtefactError, DataError
from rankscope.evaluate.documents import middle, read_rows, select_documents

text = st.text(st.sampled_from("ab é日\n😀"), min_size=1, max_size=300)


def write(path, ids, split="heldout"):
    pl.DataFrame(
        {"id": ids, "split": [split] * len(ids), "text": [f"text of {i}" for i in ids]}
    ).write_parquet(path)
    return path


@settings(deadline=None)
@given(text=text, size=st.integers(16, 200))
def test_the_passage_is_a_part_of_the_text_within_the_size(text, size):
    passage = middle(text, size)
    assert passage
    assert passage in text
    assert len(passage.encode()) <= size
    assert len(text.encode()) > size or passage == text


def test_the_passage_begins_with_a_line_near_the_middle():
    lines = [f"line {number:02d}\n" for number in range(100)]  # 8 bytes each
    # 800 bytes, 160 wanted: the middle begins at byte 320, and the next line after it at 328
    assert middle("".join(lines), 160) == "".join(lines[41:61])


def test_the_choice_does_not_depend_on_the_order_of_the_rows_and_grows_by_addition(tmp_path):
    ids = [f"module{number}" for number in range(30)]
    forwards = read_rows(write(tmp_path / "a.parquet", ids))
    backwards = read_rows(write(tmp_path / "b.parquet", ids[::-1]))
    ten = select_documents(forwards, 10, None)
    assert ten == select_documents(backwards, 10, None)
    assert ten == select_documents(forwards, 20, None)[:10]
    assert [document.id for document in ten] != ids[:10]
    assert len(select_documents(forwards, None, None)) == 30


def test_refuses_what_cannot_be_measured(tmp_path):
    with pytest.raises(ArtefactError, match="rankscope data rows"):
        read_rows(tmp_path / "missing.parquet")
    with pytest.raises(DataError, match="heldout_fraction"):
        read_rows(write(tmp_path / "train.parquet", ["a"], split="train"))
    rows = pl.DataFrame({"id": ["a"], "text": [""]})
    with pytest.raises(DataError, match="document a is empty"):
        select_documents(rows, None, None)
