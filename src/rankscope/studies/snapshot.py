"""A study as it was when a workflow started: what all of its jobs see.

Guarantees: a snapshot is named by its content, so that an unchanged study is the same file and
starting again re-runs nothing; it is never overwritten, so that jobs of an earlier start keep
theirs. Where a verb takes the path of a study file it takes that of a snapshot. Not here: the
files of data and models that a study names; an edit of those gives their artefacts other names.
"""

import hashlib
import os
from pathlib import Path

from pydantic import ValidationError

from rankscope.artefacts import layout
from rankscope.artefacts.files import replacing
from rankscope.errors import StudyError
from rankscope.records.study import Study


def write_snapshot(study: Study) -> Path:
    """Keep a study as it is now and return the file.

    Raises:
        ArtefactError: it cannot be written here.
    """
    content = study.replaced(path=_canonical(study.path)).model_dump_json()
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    path = Path(layout.study_snapshot(f"{study.study}-{digest}"))
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_text(content, "utf-8")
    return path


def _canonical(path: str) -> str:
    """The same text for every way to write the path of a study: below here relative, else not."""
    written = os.path.relpath(path)
    return str(Path(path).absolute()) if written.startswith(os.pardir) else written


def is_snapshot(path: str | Path) -> bool:
    """Say whether a path is that of a snapshot and not of a study file."""
    return Path(path).match(layout.study_snapshot("*"))


def read_snapshot(path: Path) -> Study:
    """Return the study of a snapshot.

    Raises:
        StudyError: there is no such snapshot, or another version of rankscope wrote it.
    """
    try:
        return Study.model_validate_json(path.read_text("utf-8"), strict=True)
    except OSError as error:
        text = f"{path}: this snapshot of a study cannot be read ({error.strerror})"
        raise StudyError(f"{text}; start snakemake again, which writes it anew") from None
    except ValidationError:
        text = f"{path}: this snapshot of a study is of another version of rankscope"
        raise StudyError(f"{text}; start snakemake again, which writes a new one") from None


def snapshots() -> list[Path]:
    """Every snapshot below the current folder."""
    return sorted(Path().glob(layout.study_snapshot("*")))
