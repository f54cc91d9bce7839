"""Every property again, over the published tasks behind RANKSCOPE_DATA."""

import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from mixture_series import fixed_total_mixtures, nested_mixtures
from rankscope.data.niv2.sampling import Candidate, TaskPool, nested_tasks
from rankscope.data.niv2.tables import ROWS
from rankscope.data.rows import write_rows
from rankscope.records.instructions import Mixture, Niv2Tasks
from rankscope.text.encoding import Limits, PromptEncoder
from rankscope.text.prompts import render
from rankscope.text.tokenizer import TextTokenizer

ROOT = Path(os.environ.get("RANKSCOPE_DATA", "")) / "data"
pytestmark = pytest.mark.skipif(
    "RANKSCOPE_DATA" not in os.environ,
    reason="RANKSCOPE_DATA is not set: no published Super-NaturalInstructions tasks to read",
)
SIZES = (5, 10, 15)
SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def spec() -> Niv2Tasks:
    return Niv2Tasks(source="niv2", path=str(ROOT / "niv2"))


@pytest.fixture(scope="module")
def tasks(spec: Niv2Tasks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("niv2")
    write_rows(spec, (), folder / "rows.parquet")
    return folder


@pytest.fixture(scope="module", params=SEEDS)
def drawn(request, spec, tasks, tmp_path_factory) -> dict[str, pl.DataFrame]:
    """The rows of every mixture and test set of one sampling, by label."""
    seed = request.param
    mixtures = nested_mixtures(spec, SIZES, seed)
    mixtures |= fixed_total_mixtures(spec, SIZES, 750, (5, 15), seed)
    specs = dict(mixtures) | {kind: mixtures["T5"].test_set(kind) for kind in ("intra", "inter")}
    rows = {}
    for label, one in specs.items():
        folder = tmp_path_factory.mktemp("drawn")
        write_rows(one, (tasks / "rows.parquet",), folder / "rows.parquet")
        rows[label] = pl.read_parquet(folder / "rows.parquet")
    return rows


def test_the_collection(tasks: Path):
    loaded = pl.read_parquet(tasks / "tasks.parquet")
    assert Counter(loaded["split"]) == {"train": 19, "test": 7}
    problems = pl.read_parquet(tasks / "problems.parquet")
    assert problems.select("task", "reason").rows() == [
        ("task1435_ro_sts_parallel_language_translation_ro_to_en", "not English")
    ]
    options = dict(loaded.select("task", "options").iter_rows())
    assert options["task363_sst2_polarity_classification"] == ["NEG", "POS"]
    assert options["task1290_xsum_summarization"] is None


def test_under_the_official_lists_every_absent_task_is_named(tmp_path: Path, spec: Niv2Tasks):
    write_rows(spec.model_copy(update={"split": "official"}), (), tmp_path / "rows.parquet")
    problems = pl.read_parquet(tmp_path / "problems.parquet")
    loaded = pl.read_parquet(tmp_path / "tasks.parquet")
    listed = problems.filter(pl.col("split").is_not_null() & (pl.col("what") == "task left out"))
    assert listed.height + loaded.height == 756 + 119
    assert problems.filter(pl.col("split").is_null()).height == 2  # task1687 and task1435


def test_mixtures_of_the_official_training_tasks_keep_their_proportions():
    table = pl.read_csv(ROOT / "niv2" / "task_categories.tsv", separator="\t")
    official = table.filter(official_split="train")
    pools = [
        TaskPool(task, category, (Candidate("i", "h"),))
        for task, category in official.select("task", "category").iter_rows()
    ]
    assert len(pools) == 756
    available = Counter(pool.category for pool in pools)
    category = {pool.name: pool.category for pool in pools}
    for seed in SEEDS:
        mixtures = nested_tasks(pools, (100, 250, 500), seed)
        for size, names in zip((100, 250, 500), mixtures, strict=True):
            counts = Counter(category[name] for name in names)
            for one, n in available.items():
                assert abs(counts[one] - size * n / 756) < 1, (size, one)
        assert set(mixtures[0]) < set(mixtures[1]) < set(mixtures[2])


def test_no_training_set_contains_a_test_text(drawn):
    tested = set(drawn["intra"]["sha256"]) | set(drawn["inter"]["sha256"])
    for label, rows in drawn.items():
        if label.startswith("T"):
            assert not tested & set(rows["sha256"])


def test_mixtures_are_nested(drawn):
    chain = [drawn[label] for label in ("T5", "T10", "T15", "Tall")]
    assert [rows["task"].n_unique() for rows in chain] == [5, 10, 15, 19]
    keys = [set(rows.select("task", "instance", "target").iter_rows()) for rows in chain]
    assert keys[0] < keys[1] < keys[2] < keys[3]
    assert set(drawn["intra"]["task"]) == set(drawn["T5"]["task"])
    assert set(drawn["T*5"]["task"]) == set(drawn["T5"]["task"])


def test_rows_are_complete(drawn):
    for label, rows in drawn.items():
        assert dict(rows.schema) == dict(ROWS)
        for column in ("task", "category", "instance", "sha256", "text", "prompt", "references"):
            assert rows[column].null_count() == 0, (label, column)
        assert rows["target"].null_count() == (0 if label.startswith("T") else rows.height)
        split = "train" if label.startswith("T") else label
        assert set(rows["split"]) == {split}
    assert set(drawn["Tall"]["mixture"]) == {"T19"}
    assert drawn["T*5"].height == drawn["T*15"].height == 750
    assert drawn["inter"].height == 700


def test_inter_items_are_balanced_over_labels(drawn):
    labelled = drawn["inter"].filter(pl.col("options").is_not_null())
    assert labelled["task"].n_unique() >= 3
    for group in labelled.partition_by("task"):
        counts = Counter(reference[0] for reference in group["references"])
        assert max(counts.values()) - min(counts.values()) <= 1


def test_the_same_spec_gives_the_same_bits(tasks: Path, spec: Niv2Tasks, tmp_path: Path):
    one: Mixture = nested_mixtures(spec, SIZES, 0)["T10"]
    for name in ("a", "b"):
        write_rows(one, (tasks / "rows.parquet",), tmp_path / name / "rows.parquet")
    for file in ("rows.parquet", "shortages.parquet", "proportions.parquet", "proportions.html"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_real_prompts_fit_their_limits_with_the_gpt2_tokenizer(drawn):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(ROOT / "tokenizers" / "gpt2" / "tokenizer.json"))
    end = tokenizer.token_to_id("<|endoftext|>")
    encoder = PromptEncoder(TextTokenizer(tokenizer), end, Limits(source=256, target=32))
    cut = 0
    for row in drawn["Tall"].sample(150, seed=0).iter_rows(named=True):
        prompt = render("tk-instruct", row["definition"], row["text"])
        assert str(prompt) == row["prompt"]
        example = encoder.encode_example(prompt, row["target"])
        assert example.prompt_tokens <= 256
        assert len(example.input_ids) - example.prompt_tokens <= 32
        shown = tokenizer.decode(example.input_ids[: example.prompt_tokens])
        assert shown.endswith("\nOutput:")
        answer = example.input_ids[example.prompt_tokens :]
        assert answer[-1] == end
        said = tokenizer.decode(answer[:-1]).strip()
        if example.cut_from_answer:  # perhaps within a character of several bytes
            assert row["target"].startswith(said.rstrip("\ufffd"))
        else:
            assert said == row["target"]
        cut += example.cut_from_text > 0
    assert cut > 10, "long passages are cut"
