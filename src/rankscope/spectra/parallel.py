"""Running independent pieces of work in several processes, in order, with progress.

Guarantees: results come in the order of the pieces whatever finishes first; with one worker
everything stays in this process. Each process keeps its own linear algebra to its share of the
cores, because two libraries that both use all cores slow each other down. At most two pieces per
worker wait to be collected, so that memory stays bounded.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from rankscope.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTH_A_PROCESS = 20_000_000  # weights in all: some seconds of work
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available_cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(weights: int) -> int:
    """Return a worker per core, or one where starting processes would outlast the work."""
    return available_cores() if weights > _WORTH_A_PROCESS else 1


def run_all(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    what: str,
    prepare: Callable[[Item], None] = lambda item: None,
) -> Iterator[Result]:
    """Apply `function` (importable, picklable) to every item in `workers` processes.

    `prepare` is called in this process some items before an item's turn comes, such as to have its
    file read while others are worked on.
    """
    progress = Progress(what, len(items))
    results = (
        _one_by_one(function, items, prepare)
        if workers <= 1 or len(items) <= 1
        else _side_by_side(function, items, min(workers, len(items)), prepare)
    )
    for result in results:
        progress.advance()
        yield result


def _one_by_one(
    function: Callable[[Item], Result], items: Sequence[Item], prepare: Callable[[Item], None]
) -> Iterator[Result]:
    for position, item in enumerate(items):
        for following in items[position + 1 : position + 2]:
            prepare(following)
        yield function(item)


def _side_by_side(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    prepare: Callable[[Item], None],
) -> Iterator[Result]:
    with _pool(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            prepare(item)
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pool(workers: int) -> ProcessPoolExecutor:
    share = str(max(1, available_cores() // workers))
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_limit_threads, initargs=(share,)
    )


def _limit_threads(share: str) -> None:
    # set before numpy is first imported in the new process, which is when it reads them
    for variable in _THREADS:
        os.environ[variable] = share
