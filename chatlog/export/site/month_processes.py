"""The rendering of months by several processes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chatlog import forked
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.export.site.month_pages import MonthWork, RenderedDay
    from chatlog.export.site.settings import SiteSettings


def rendered_months(
    works: Sequence[MonthWork], workers: int, settings: SiteSettings, key: bytes
) -> Iterator[list[RenderedDay]]:
    """Yield the days of each month, rendered by several processes if there are several cores.

    Raise TranscriptError if a segment cannot be read or a page not be written.
    """

    @contextmanager
    def rendering() -> Iterator[Callable[[int], list[RenderedDay] | str]]:
        def render(number: int) -> list[RenderedDay] | str:
            try:
                return [*works[number].run(settings, key)]
            except TranscriptError as error:
                return str(error)

        yield render

    for found in forked.in_order(forked.results(rendering, len(works), workers)):
        if isinstance(found, str):
            raise TranscriptError(found)
        yield found
