"""What is asked and what is not: every version and evaluation apart, with a model written here."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.parts import Part, parts_of
from rankscope.artefacts.reading import read_manifest
from rankscope.errors import ArtefactError
from rankscope.evaluate import predict as stage
from rankscope.evaluate.predict import Job, predict
from rankscope.evaluate.tables import COMMON
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.evaluations import BitsPerByte, key
from rankscope.records.keys import KEYS
from rankscope.records.versions import Version
from sealing import seal

BASE = LocalBase(source="local", path="models/mine").name
RUN = "lora-r4-1a2b3c4d"
COLUMNS = {"value": pl.Float64}


def evaluation(name: str, **changes: Any) -> BitsPerByte:
    data = TextFiles(source="text", path=f"{name}.txt")
    written = {"kind": "bits-per-byte", "name": name, "measures": "learning", "data": data}
    return BitsPerByte.model_validate(written | changes)


ONE, TWO = evaluation("one"), evaluation("two")


def version(step: int, origin: str = BASE) -> Version:
    keys = dict.fromkeys(KEYS) | {"run": RUN, "base": origin, "method": "LoRA r=4", "step": step}
    folder = Path(layout.kept_weights(RUN)) / layout.step_folder(step)
    return Version(f"{RUN}-step-{step}", origin, folder, keys)


class Bench:
    """A kind whose model is the step, and a log of what was read and loaded."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.loaded: list[str] = []
        self.dies_at = 0

    def prepare(self, evaluation: BitsPerByte, rows: Path, base: Path, tokenizer: Any) -> Any:
        self.prepared.append(evaluation.name)
        assert (rows, tokenizer) == (Path(layout.data_rows(evaluation.data.name)), "tokenizer")
        return SimpleNamespace(items=2, rows=self.rows)

    def rows(self, model: int, advance: Any) -> Iterator[dict[str, Any]]:
        for number in range(2):
            if model == self.dies_at:
                raise KeyboardInterrupt
            yield {"item": f"item{number}", "value": float(model)}
            advance(1)

    def load(self, version: Version, head: Any) -> int:
        self.loaded.append(version.name)
        return int(version.keys["step"])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A base, two steps and two data variants on the disk, and a bench in place of models."""
    monkeypatch.chdir(tmp_path)
    made = Bench()
    kind = SimpleNamespace(COLUMNS=COLUMNS, prepare=made.prepare)
    monkeypatch.setattr(stage, "kind_of", lambda _: kind)
    monkeypatch.setattr("rankscope.evaluate.weights.load_version", made.load)
    monkeypatch.setattr("rankscope.evaluate.weights.load_tokenizer", lambda _: "tokenizer")
    monkeypatch.setattr("rankscope.weights.causality.refuse_foresight", lambda _: None)
    write(Path(layout.base_model(BASE)) / "config.json", "{}")
    for step in (5, 10):
        write(version(step).folder / "weights", str(step))
    for each in (ONE, TWO):
        write(Path(layout.data_rows(each.data.name)), each.name)
    seal()
    return made


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def job(*steps: int, evaluations: tuple[BitsPerByte, ...] = (ONE, TWO)) -> Job:
    return Job(f"{RUN}-tiny-0a1b2c3d", tuple(map(version, steps)), evaluations)


def table(step: int, asked: BitsPerByte) -> Path:
    return Path(layout.predictions(Part(version(step).name, key(asked)).name))


def asked(job: Job) -> int:
    return read_manifest(Path(layout.answers_manifest(job.name)))["results"]["asked"]


def test_every_version_says_what_it_says_of_every_evaluation_in_a_table(bench: Bench) -> None:
    predict([job(5, 10)])
    assert parts_of(Path(layout.answers_manifest(job().name))) == [
        Part(version(step).name, key(each)) for step in (5, 10) for each in (ONE, TWO)
    ]
    rows = pl.read_parquet(table(10, TWO))
    assert rows.schema == pl.Schema(COMMON | COLUMNS)
    assert rows.select("run", "step", "evaluation", "kind", "measures", "item", "value").rows() == [
        (RUN, 10, "two", "bits-per-byte", "learning", "item0", 10.0),
        (RUN, 10, "two", "bits-per-byte", "learning", "item1", 10.0),
    ]


def test_items_are_read_once_and_a_version_is_loaded_once(bench: Bench) -> None:
    predict([job(5, 10)])
    assert bench.prepared == ["one", "two"]
    assert bench.loaded == [version(5).name, version(10).name]


def test_what_was_answered_is_not_asked_again_but_on_request(bench: Bench) -> None:
    predict([job(5, 10)])
    bench.loaded.clear()
    predict([job(5, 10)])
    assert (asked(job()), bench.loaded) == (0, [])
    predict([job(5, 10)], again=True)
    assert asked(job()) == 4


def test_an_evaluation_more_is_asked_alone(bench: Bench) -> None:
    predict([job(5, evaluations=(ONE,))])
    first = table(5, ONE).read_bytes()
    predict([job(5)])
    assert asked(job()) == 1
    assert table(5, ONE).read_bytes() == first


def test_other_weights_are_asked_again_and_no_others(bench: Bench) -> None:
    predict([job(5), job(10)])
    write(Path(layout.data_rows(TWO.data.name)), "edited")
    seal()
    predict([job(5)])
    assert asked(job()) == 1, "the items of the second alone are others"


def test_what_is_whole_stays_when_the_process_ends(bench: Bench) -> None:
    bench.dies_at = 10
    with pytest.raises(KeyboardInterrupt):
        predict([job(5, 10)])
    assert table(5, ONE).exists()
    assert not table(10, ONE).exists()
    assert not Path(layout.answers_manifest(job().name)).exists()
    bench.dies_at = 0
    predict([job(5, 10)])
    assert asked(job()) == 2


def test_a_run_that_kept_no_step_has_no_parts(bench: Bench, caplog: Any) -> None:
    predict([job()])
    assert parts_of(Path(layout.answers_manifest(job().name))) == []
    assert "no step was kept" in caplog.text
    assert not bench.loaded


def test_versions_of_two_bases_are_refused(bench: Bench) -> None:
    two = Job("two", (version(5), version(10, "other-9a8b7c6d")), (ONE,))
    with pytest.raises(ArtefactError, match=f"these are of {BASE}, other-9a8b7c6d: start a job"):
        predict([two])


def test_missing_weights_are_named(bench: Bench) -> None:
    with pytest.raises(ArtefactError, match="step-000015"):
        predict([job(15)])
