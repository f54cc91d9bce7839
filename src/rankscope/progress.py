"""Progress with time left, for people at a terminal and for logs.

Guarantees: one line per `interval` seconds at most, so that a log stays readable and several jobs
can share one console; the last line is always written. Does not draw: under Snakemake several jobs
write to one terminal, where redrawn bars destroy each other.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


def duration(seconds: float) -> str:
    """Write a time span the way a person says it: `42 s`, `3 min 05 s`, `2 h 07 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Count finished pieces of a known total and log the time left.

    Use `advance` after each piece; `note` is shown behind the count (a loss, a matrix name).
    """

    def __init__(self, what: str, total: int, interval: float = 5.0, done: int = 0) -> None:
        self.what, self.total, self.interval = what, total, interval
        self._done_at_start = self._done = done
        self._started = self._reported = time.monotonic()

    def advance(self, pieces: int = 1, note: str = "") -> None:
        """Count `pieces` more as done and report if the last report is old enough."""
        self._done += pieces
        now = time.monotonic()
        finished = self._done >= self.total
        if now - self._reported < self.interval and not finished:
            return
        self._reported = now
        elapsed = now - self._started
        if finished:
            time_left = f"done in {duration(elapsed)}"
        else:
            rate = (self._done - self._done_at_start) / elapsed
            time_left = f"{duration((self.total - self._done) / rate)} left" if rate else ""
        parts = [f"{self.what}: {self._done}/{self.total}", note, time_left]
        logger.info(" · ".join(part for part in parts if part))


def track(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Yield `items`, reporting progress over `total` of them."""
    progress = Progress(what, total)
    for item in items:
        yield item
        progress.advance()
