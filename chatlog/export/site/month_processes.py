"""The rendering of months by several processes."""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.export.site.month_pages import MonthWork, RenderedDay
    from chatlog.export.site.settings import SiteSettings

_works: Sequence[MonthWork] = ()
"""The work of all processes, which know it as they are forked."""


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us


def _run_month(number: int, settings: SiteSettings, key: bytes) -> list[RenderedDay]:
    return [*_works[number].run(settings, key)]


def rendered_months(
    works: Sequence[MonthWork], workers: int, settings: SiteSettings, key: bytes
) -> Iterator[list[RenderedDay]]:
    """Yield the days of each month, rendered by several processes if there are several cores."""
    global _works  # noqa: PLW0603 - for the processes that are forked next
    workers = min(workers, len(works))
    if workers < 2:  # noqa: PLR2004
        yield from ([*work.run(settings, key)] for work in works)
        return
    _works = works
    pool = ProcessPoolExecutor(workers, get_context("fork"), initializer=_begin_worker)
    try:
        run = partial(_run_month, settings=settings, key=key)
        yield from pool.map(run, range(len(works)))
    except BaseException:
        for process in pool._processes.values():  # noqa: SLF001 - it has no other way to end them
            process.terminate()
        raise
    finally:
        _works = ()
        pool.shutdown(cancel_futures=True)
