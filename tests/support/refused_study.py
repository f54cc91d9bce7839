"""What a user reads who checks a study file that has a mistake."""

from pathlib import Path

import pytest

from rankscope.check.cli import check
from rankscope.errors import StudyError


def message(text: str) -> str:
    """The message about a study file with this text."""
    Path("mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as refused:
        check([Path("mine.yaml")])
    return str(refused.value)
