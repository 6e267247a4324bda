"""The tasks of a site, done by several processes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from chatlog import forked
from chatlog.errors import TranscriptError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Result = TypeVar("_Result")


def results_of(do: Callable[[int], _Result], tasks: int, workers: int) -> Iterator[_Result]:
    """Yield the results of `do` for the numbers of all tasks, in order.

    `do` is called in other processes if there are several cores and tasks. Its TranscriptError or
    UsageError is raised here.
    """

    @contextmanager
    def doing() -> Iterator[Callable[[int], _Result | TranscriptError | UsageError]]:
        def returning(number: int) -> _Result | TranscriptError | UsageError:
            try:
                return do(number)
            except (TranscriptError, UsageError) as error:
                return error

        yield returning

    for found in forked.in_order(forked.results(doing, tasks, workers)):
        if isinstance(found, TranscriptError | UsageError):
            raise found
        yield found
