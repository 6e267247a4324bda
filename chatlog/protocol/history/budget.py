"""The budget of a fetch: a history that never ends is left before it fills the disk.

Pure. The numbers are far beyond honest histories: 100,000 missed lines are 1,000
pages of 100 lines and about 50 MB. docs/gaps.md has them for people.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Budget(NamedTuple):
    """The most that one fetch takes of a server: pages, bytes and seconds.

    `still` is the most pages in a row whose latest line is no later than before.
    """

    pages: int = 10_000
    bytes: int = 256 * 1024 * 1024
    seconds: float = 3_600
    still: int = 100


BUDGET: Final = Budget()
"""The budget of every fetch, of one gap on one connection, and of the playback of a connection."""


class Spending:
    """The pages, bytes and seconds that one fetch has taken of its budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._pages = self._bytes = self._still = 0
        self._latest = ""

    def take(self, size: int, latest: str) -> None:
        """Add a page of that many bytes.

        `latest` is the time of its latest line, "" if it only finds a position.
        """
        self._pages += 1
        self._bytes += size
        if latest:
            self._still = 0 if latest > self._latest else self._still + 1
            self._latest = max(self._latest, latest)

    def excess(self, seconds: float) -> str:
        """Return the reason to stop after a number of seconds, "" to go on."""
        budget = self._budget
        if self._still >= budget.still:
            return f"the server's history did not get past {self._latest} in {budget.still} pages"
        limits = (
            (self._pages >= budget.pages, f"{budget.pages:,} pages"),
            (self._bytes >= budget.bytes, f"{budget.bytes // 1_048_576:,} MiB"),
            (seconds >= budget.seconds, f"{budget.seconds / 60:g} minutes"),
        )
        reached = [words for is_reached, words in limits if is_reached]
        return f"the fetch stopped after {reached[0]}; the next one continues" if reached else ""
