"""What all sources of documents do with what they read: split, clean and tabulate it.

Guarantees: the held-out documents have no passage in common with training ones, or the counts say
how many still have (`text.overlap`).
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict

from rankscope.data.content import Content
from rankscope.text.documents import Document, document_rows, totals
from rankscope.text.overlap import without_shared_text

logger = logging.getLogger(__name__)


def documents_content(
    name: str,
    documents: Sequence[Document],
    heldout: frozenset[str],
    trained_elsewhere: Sequence[str] = (),
) -> Content:
    """Tabulate documents; the held-out ones without text that is trained on.

    Args:
        name: the variant's, for the log.
        documents: those of both sides.
        heldout: the groups that are held out.
        trained_elsewhere: further texts that held-out documents must not share passages with.

    Raises:
        DataError: a split is empty.
    """
    kept, overlap = without_shared_text(documents, heldout, trained_elsewhere)
    rows = document_rows(kept, heldout)
    counted = totals(rows)
    for split, total in counted.items():
        logger.info(
            "%s: %s %d documents, %.2f MB",
            *(name, split, total["documents"], total["bytes"] / 1e6),
        )
    return Content(rows, counted | {"overlap": asdict(overlap)})
