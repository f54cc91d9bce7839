"""The key columns of every tidy table: which version of a model a row is about.

Guarantees: every table of the stages carries exactly these columns, of these types, in this order,
before its own; so that all tables of a laboratory can be scanned together. Types are Python's, as
polars takes them. What has a version's values for them: `keys()` of a base or a run.
"""

BASE = "Base"
"""What the columns `family` and `method` say of a base as it is."""
PUBLISHED = "Published"
"""The family of all versions that others trained; each is a method of its own, by its label."""
NOT_TRAINED = (BASE, PUBLISHED)
"""The families of what no run of a study made: of no seed, no recipe, no claim."""

VERSION_KEYS: dict[str, type] = {
    "run": str,  # name of the run, or of the base
    "base": str,
    "data": str,  # name of the data variant that was trained on
    "family": str,  # what kind of method it is, whatever its rank
    "method": str,  # what figures and tables call it
    "rank": int,  # none where nothing limits it
    "seed": int,
    "sampling": int,  # the sampling of its training data, and of test sets drawn with them
}
KEYS: dict[str, type] = VERSION_KEYS | {"step": int}
