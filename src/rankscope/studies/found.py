"""What lies where a study points to, at the moment when it is read.

Guarantees: one short text per record, the same as long as the content is: a fingerprint of files,
or the version of the Python whose library is text. Records never look themselves.
"""

import platform

from rankscope.artefacts.fingerprint import fingerprint
from rankscope.records.data import StandardLibrary
from rankscope.records.found import Located


def look(record: Located) -> str | None:
    """Return what `found` of a record says now; None where nothing lies there.

    Raises:
        StudyError: files cannot be read.
    """
    if isinstance(record, StandardLibrary):
        return platform.python_version()
    return fingerprint(record.file_sets)
