"""What jobs of the evaluate stage list as answered or scored.

Guarantees: a part counts once, whether a job made it together with those of other runs, as the
workflow does, or alone, as a person asks for it. What nobody made yet is not there.
"""

from collections.abc import Iterable
from pathlib import Path

from rankscope.artefacts import layout
from rankscope.artefacts.parts import Part, parts_of
from rankscope.artefacts.reading import exists
from rankscope.records.measurements import Answers, Scores


def answered(answers: Answers) -> list[Part]:
    """Return the parts that are answered."""
    names = (each.name for each in (answers, *answers.of_each_subject))
    return _listed(Path(layout.answers_manifest(name)) for name in names)


def scored(scores: Scores) -> list[Part]:
    """Return the parts that are scored."""
    names = (each.name for each in (scores, *scores.of_each_subject))
    return _listed(Path(layout.scores_manifest(name)) for name in names)


def _listed(manifests: Iterable[Path]) -> list[Part]:
    found = (part for path in manifests if exists(path) for part in parts_of(path))
    return list(dict.fromkeys(found))
