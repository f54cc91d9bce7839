"""The one graph: every artefact, and what it is made from.

Guarantees: whoever needs to know what a study consists of walks over `sources` here: the rules'
inputs, the plan, provenance, and what is said of variants that nothing uses.
"""

from collections.abc import Iterator

from rankscope.records.record import Artefact


def walk(*records: Artefact) -> Iterator[Artefact]:
    """Yield every artefact that records are made from, and they: sources first, each name once."""
    seen: set[str] = set()
    waiting = [iter(records)]
    above: list[Artefact] = []
    while waiting:
        record = next(waiting[-1], None)
        if record is None:
            waiting.pop()
            if above:
                yield above.pop()
        elif record.name not in seen:
            seen.add(record.name)
            above.append(record)
            waiting.append(iter(record.sources))
