"""What a verb is asked for: the record behind what was typed, with few imports.

Guarantees: where a workflow kept the record, as for each of its jobs, that file alone is read;
reading study files, which costs a job as much as all its other imports, is left to those who type
a label, or a name that no workflow was started with.
"""

from typing import TYPE_CHECKING, TypeVar

from rankscope.records.record import Artefact
from rankscope.studies.store import is_kept, kept, kept_study

if TYPE_CHECKING:
    from rankscope.records.study import Study

Kind = TypeVar("Kind", bound=Artefact)


def asked(kind: type[Kind], typed: str, study: str | None, suite: str | None = None) -> Kind:
    """Return the artefact of a kind that is meant; see `find.Studies.find`.

    Raises:
        StudyError: there is no such artefact, or there are several.
    """
    record = kept(typed)
    if isinstance(record, kind):
        return record
    from rankscope.studies.find import Studies

    return Studies(study).find(kind, typed, suite)


def asked_study(study: str | None) -> "Study":
    """Return the study at hand: by name, by its file, or by its record.

    Raises:
        StudyError: there is no such study, or it cannot be run as written.
    """
    if study is not None and is_kept(study):
        return kept_study(study)
    from rankscope.studies.find import Studies

    return Studies(study).current
