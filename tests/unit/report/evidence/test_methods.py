"""What a study calls its methods: as briefly as tells them apart."""

from pathlib import Path

import pytest

from rankscope.report.evidence.methods import condition_labels, method_labels
from rankscope.studies.expand import load_study
from study_text import edited

LORA = "{method: lora, rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3}"


def labels(tmp_path: Path, *blocks: str) -> list[str]:
    file = tmp_path / "mine.yaml"
    lines = "\n  - ".join(f"{{method: lora, learning_rate: 3.0e-3, {each}}}" for each in blocks)
    file.write_text(edited((LORA, lines), ("[0, 1]", "[0]")), "utf-8")
    runs = load_study(file).runs
    named = method_labels(runs)
    # one recipe for each method: conditions are called as these
    assert condition_labels(runs) == named
    return [named[run.name] for run in runs]


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (["rank: [1, 4]"], ["LoRA r=1", "LoRA r=4"]),
        (["rank: 4, alpha: 8, init: gaussian, target_modules: [q_proj]"], ["LoRA r=4"]),
        (["rank: 4, rslora: true"], ["rsLoRA r=4"]),
        (["rank: 4, alpha: [2r, 8]"], ["LoRA α=2r r=4", "LoRA α=8 r=4"]),
        (["rank: 4", "rank: 4, quantisation: nf4"], ["LoRA r=4", "QLoRA r=4"]),
        (["rank: 4", "rank: 4, init: pissa"], ["LoRA r=4", "PiSSA r=4"]),
        (["rank: 4", "rank: 4, init: orthonormal"], ["LoRA r=4", "LoRA orthonormal r=4"]),
        (
            ["rank: 4", "rank: 4, init: orthonormal, frozen_a: true"],
            ["LoRA r=4", "LoRA orthonormal frozen A r=4"],
        ),
        (["rank: 4", "rank: 4, target_modules: [q_proj]"], ["LoRA r=4", "LoRA on q_proj r=4"]),
        # what differs between any two is told of all: rsLoRA's α is another one, too
        (["rank: 4", "rank: 4, alpha: 8, rslora: true"], ["LoRA α=2r r=4", "rsLoRA α=8 r=4"]),
    ],
)
def test_a_label_says_what_families_differ_in(
    tmp_path: Path, blocks: list[str], said: list[str]
) -> None:
    assert labels(tmp_path, *blocks) == ["Full", *said]
