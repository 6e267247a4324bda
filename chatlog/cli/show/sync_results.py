"""Results of a sync, and their open gaps in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.formats.visible import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chatlog.coverage.gap import Gap


class SyncResult(NamedTuple):
    """The result for one channel: lines fetched, open gaps, and new open gaps.

    `refused` is why the channel did not let us in, "" if it did.
    """

    network: str
    target: str
    directory: Path
    fetched: int
    open: list[Gap]
    unreported: list[Gap]
    refused: str = ""

    @property
    def has_news(self) -> bool:
        """Whether lines were fetched, a gap is open, or the channel did not let us in."""
        return bool(self.fetched or self.open or self.refused)


def verdict(results: Iterable[SyncResult]) -> str:
    """Return the first gap that was not reported yet, and the number of the others."""
    (first, gap), *others = [(each, gap) for each in results for gap in each.unreported]
    more = f" (and {len(others)} more)" if others else ""
    return (
        f"{printable(f'{first.network}/{first.target}')}: lines from {gap.start.time} to"
        f" {gap.end} are still missing: {printable(gap.why or gap.cause)}{more}; see `chatlog gaps`"
    )
