"""The errors a user can act on.

Guarantees: every `RankscopeError` carries a complete message (what, where, what is allowed, what
to do) and ends a CLI verb with that message and exit code 2, without a traceback. Any other
exception is a defect of rankscope and keeps its traceback.
"""


class RankscopeError(Exception):
    """Base of all errors that are answered with a message instead of a traceback."""


class StudyError(RankscopeError):
    """A study file or config that cannot be run as written."""


class DataError(RankscopeError):
    """A data source that is missing, malformed or too small for what is asked of it."""


class ModelError(RankscopeError):
    """A model, tokenizer or adapter that is missing, malformed or does not fit."""


class ArtefactError(RankscopeError):
    """A cached artefact that is missing, incomplete or belongs to another run."""
