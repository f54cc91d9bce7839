"""Whatever is given as a study: an answer in seconds, in a sentence."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rankscope.check.check import checked, notes
from rankscope.check.plan import counts, plan
from rankscope.errors import StudyError
from rankscope.studies.source import LARGEST_FILE, MOST_VALUES, read_source
from study_text import STUDY, edited

SECONDS = 5.0


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(path: Path) -> str:
    """What `check` says of a file that is no study, in time."""
    began = time.monotonic()
    with pytest.raises(StudyError) as refused:
        checked(path)
    assert time.monotonic() - began < SECONDS
    assert len(str(refused.value)) < 10_000 and len(str(refused.value).splitlines()) <= 42
    return str(refused.value)


def nested(levels: int, line: str, last: str) -> str:
    """Anchors that hold anchors: `line` of the one before, ten times."""
    lines = ["a0: &a0 {x: 1}"]
    lines += [
        f"a{n}: &a{n} " + line.format(", ".join([f"*a{n - 1}"] * 10)) for n in range(1, levels)
    ]
    return "\n".join([*lines, last.format(f"*a{levels - 1}")])


BOMBS = {
    "lists of aliases": nested(12, "[{}]", "study: {}"),
    "merged mappings": nested(12, "{{<<: [{}]}}", "study: {}"),
    "merged into the file": nested(12, "{{<<: [{}]}}", "<<: {}"),
    "mappings of aliases": "a: &a {x: 1}\n"
    + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} {{x: *{chr(97 + n)}, y: *{chr(97 + n)}}}" for n in range(20)
    ),
    "nested lists": "study: " + "[" * 50_000,
    "nested mappings": "study: " + "{a: " * 50_000,
    "nested blocks": "study:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 400)),
    "many values": "study: [" + "1, " * 100_000 + "1]",
    "many keys": "\n".join(f"k{n}: 1" for n in range(50_000)),
    "an anchor in itself": "study: &a {b: *a}",
    "merged into itself": "study: &a {<<: *a}",
    "a merged number": "study: {<<: 3}",
    "a python object": "study: !!python/object/apply:os.system [touch ran]",
    "a python name": "study: !!python/name:os.system",
    "an unknown tag": "study: !mine x",
    "a long number": "study: " + "9" * 6000,
    "a long hexadecimal": "study: 0x" + "f" * 20_000,
    "no date": "study: 2024-13-45",
    "no binary": "study: !!binary '%%%'",
    "a float of text": "study: !!float abc",
    "half a character": 'study: "\\ud800"',
    "half a character in a key": '"\\ud800": 1',
    "several documents": "study: a\n---\nstudy: b\n",
    "a long key": "k" * 100_000 + ": 1",
    "a long value": "study: " + "v" * 100_000,
    "a complex key": "? [a, b]\n: 1",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_file_that_unfolds_or_nests_without_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    assert "mine.yaml" in refusal(path)
    assert not (tmp_path / "ran").exists()


def test_a_merged_list_brings_what_yaml_says(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\nd: {<<: *b}\n"
    path = tmp_path / "some.yaml"
    path.write_text(text, "utf-8")
    expected = yaml.safe_load(text)
    assert read_source(path).content == expected
    assert expected["c"] == {"x": 5, "y": 2, "z": 4}


def pipe(path: Path) -> None:
    os.mkfifo(path)


def circle(path: Path) -> None:
    path.symlink_to(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


THINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (pipe, "a pipe, socket or device"),
    "a folder": (Path.mkdir, "cannot be read as a file"),
    "a link to itself": (circle, "cannot be read as a file"),
    "a gigabyte": (sparse, f"a study has at most {LARGEST_FILE:,}"),
    "binary": (lambda path: path.write_bytes(bytes(range(256))), "not UTF-8"),
    "control characters": (lambda path: path.write_bytes(b"study: \x01"), "U+0001"),
    "another encoding": (lambda path: path.write_bytes(STUDY.encode("utf-16")), "not UTF-8"),
    "nothing": (lambda path: None, "there is no such file"),
}


@pytest.mark.parametrize(("make", "told"), THINGS.values(), ids=THINGS)
def test_what_is_no_text_file(tmp_path: Path, make: Callable[[Path], object], told: str) -> None:
    make(tmp_path / "mine.yaml")
    assert told in refusal(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".yaml", "a\0b.yaml", "/".join(["a"] * 5000) + ".yaml"]
)
def test_what_is_no_path(name: str) -> None:
    assert refusal(Path(name))


def test_a_device_is_not_read() -> None:
    assert "a pipe, socket or device" in refusal(Path("/dev/zero"))


GRIDS = {
    "ranks": ("rank: [1, 4, 16]", f"rank: {list(range(1, 2000))}, seeds: {list(range(2000))}"),
    "rates": ("learning_rate: 3.0e-3", f"learning_rate: {[n + 0.5 for n in range(6000)]}"),
    "all": (
        "rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3",
        f"rank: {list(range(1, 1000))}, alpha: {list(range(1, 1000))},"
        f" learning_rate: {list(range(1, 1000))}, seeds: {list(range(1000))}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), GRIDS.values(), ids=GRIDS)
def test_a_grid_that_nobody_trains(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "mine.yaml").write_text(edited((old, new)), "utf-8")
    assert "allowed: at most 5,000 in a study" in refusal(tmp_path / "mine.yaml")


def test_a_list_as_long_as_a_file_may_have_is_read_in_time(tmp_path: Path) -> None:
    ranks = [1] * (MOST_VALUES // 2)
    text = edited(("rank: [1, 4, 16]", f"rank: {[*range(1, len(ranks)), 1]}"))
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    assert "1 stands twice" in refusal(tmp_path / "mine.yaml")


def numbers(value: object, place: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The places of a study that hold a number."""
    if isinstance(value, dict):
        return [at for key, entry in value.items() for at in numbers(entry, (*place, key))]
    if isinstance(value, list):
        return [at for number, entry in enumerate(value) for at in numbers(entry, (*place, number))]
    return [place] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize("value", [10**9, 10**18, 10**40, 1e300, 1e-300, -(10**18)])
@pytest.mark.parametrize("place", numbers(yaml.safe_load(STUDY)), ids=str)
def test_an_absurd_number_anywhere(tmp_path: Path, place: tuple[object, ...], value: float) -> None:
    content = yaml.safe_load(STUDY)
    inside = content
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = value
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), "utf-8")
    began = time.monotonic()
    try:
        subject = checked(tmp_path / "mine.yaml")
        plan(subject.study, counts(subject.study, subject.shape))
        notes(subject)
    except StudyError as error:
        assert len(str(error)) < 10_000
    assert time.monotonic() - began < SECONDS


TEXTS = {
    "long": "x" * 5000,
    "deep": "/".join(["x"] * 5000),
    "NUL": "a\0b",
    "empty": "",
    "space": " ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("key", ["base", "data", "hub", "study", "label", "name"])
def test_an_absurd_text_anywhere(tmp_path: Path, key: str, text: str) -> None:
    content = yaml.safe_load(STUDY)
    if key == "base":
        content["base"] = {"source": "local", "path": text}
    elif key == "data":
        content["data"]["english"] = {"source": "text", "path": text}
    elif key == "hub":
        content["base"] = {"source": "hub", "repository": text, "revision": "a" * 40}
    elif key == "study":
        content["study"] = text
    elif key == "label":
        content["data"][text] = content["data"].pop("code")
        content["train_on"] = text
    else:
        content["evaluate"]["small"][0]["name"] = text
        content["headline"]["learning"] = text
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), "utf-8")
    began = time.monotonic()
    try:
        subject = checked(tmp_path / "mine.yaml")
        plan(subject.study, counts(subject.study, subject.shape))
    except StudyError as error:
        assert len(str(error)) < 20_000
    assert time.monotonic() - began < SECONDS
