"""The filters of a site, and the surveys of its months that they are made from."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.targets import spelled
from chatlog.export.filters import without_member_lists
from chatlog.export.site.processes import results_of
from chatlog.export.survey import surveyed
from chatlog.export.withholding import Redactions, digest_of, withholding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.archive.targets import Target
    from chatlog.event import Event
    from chatlog.export.filters import Filter
    from chatlog.export.site.site_days import BuiltChannel, MonthOfChannel
    from chatlog.export.withholding import Withheld
    from chatlog.read.reader import Reader

_PIECES: Final = 8


class SiteWithholding(msgspec.Struct, frozen=True):
    """The filters of the events of a site, and the messages that were taken back.

    Messages are pairs of a network and an id. `told` is another text if pages of months that are
    unchanged must be rendered again.
    """

    filters: tuple[Filter, ...]
    redacted: frozenset[tuple[str, str]]
    told: str

    def shown(self, events: Sequence[Event]) -> tuple[Sequence[Event], Sequence[Event]]:
        """Return the events that are shown, and the same events as the archive has them."""
        shown = self._filtered(events)
        if len(shown) == len(events) or not shown:
            return shown, events[: len(shown)]
        # Some are left out, and filters do not name them: smaller and smaller pieces show which.
        step = len(events) // _PIECES or 1
        pieces = [self.shown(events[at : at + step]) for at in range(0, len(events), step)]
        some, origins = zip(*pieces, strict=True)
        return [*chain.from_iterable(some)], [*chain.from_iterable(origins)]

    def _filtered(self, events: Sequence[Event]) -> Sequence[Event]:
        for each in self.filters:
            events = each(events)
        return events


def survey_months(
    channels: Iterable[tuple[BuiltChannel, Iterable[MonthOfChannel]]], workers: int
) -> None:
    """Survey the months of channels that have changed since these were built."""
    due: dict[tuple[str, ...], list[MonthOfChannel]] = {}
    for known, months in channels:
        for month in months:
            built = known.months.get(month.month)
            if built is not None and built.surveyed == month.signature():
                month.survey = built.survey
            else:  # an archive that is never rotated has one segment for all months
                due.setdefault(tuple(source.path for source in month.sources), []).append(month)
    groups = [*due.values()]
    found = results_of(lambda number: surveyed(groups[number][0].sources), len(groups), workers)
    for group, survey in zip(groups, found, strict=True):
        for month in group:
            month.survey = survey


def site_withholding(
    withheld: Withheld, reader: Reader, channels: Sequence[tuple[Target, list[MonthOfChannel]]]
) -> SiteWithholding:
    """Return the filters of a site whose months have been surveyed.

    A message that is taken back in a later month changes the pages of a month; if the two are in
    one month, that one alone. Raise errors as `withholding_of` does.
    """
    redacted: set[tuple[str, str]] = set()
    elsewhere: set[tuple[str, str]] = set()
    for target, months in channels:
        network = spelled(target.network)
        for month in months:
            redacted.update((network, each) for each in month.survey.redacted)
            elsewhere.update((network, each) for each in month.survey.elsewhere)
    redactions = Redactions(frozenset(redacted), digest_of(sorted(elsewhere)))
    found = withholding(withheld, reader, redactions)
    lists = (without_member_lists,) if withheld.hide_hosts else ()
    return SiteWithholding((*lists, *found.filters), redactions.ids, f"{withheld}{found.told}")
