"""Reports of the channels that refuse us: those that are news since earlier runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chatlog.record.absences import News, absence_error, news_line

if TYPE_CHECKING:
    from chatlog.errors import ChatlogError
    from chatlog.record.known_channels import KnownChannels
    from chatlog.record.network_run import NetworkRun

logger = logging.getLogger(__name__)


class RefusalReports:
    """The reports of a run about channels that refuse us.

    `known` keeps the refusals that earlier runs reported; without it none is news. A batch
    reports once, at its end.
    """

    def __init__(self, known: KnownChannels | None, *, is_batch: bool) -> None:
        self._known = known
        self._is_batch = is_batch

    def arrived(self, network: NetworkRun) -> None:
        """Report the channels that refuse us, if that is news; a batch does so at its end."""
        if self._is_batch:
            return
        news = self._news_of(network, of_arrived=True)
        if news.refused or news.back:
            absences, wanted = network.absences(of_arrived=True)
            logger.error("%s", news_line(network.name, news, len(absences), wanted))

    def end_batch(self, network: NetworkRun) -> ChatlogError | None:
        """Return the error of a batch that did not do its work; the status tells it each time.

        A line about channels that refuse us is printed if that is news since earlier runs.
        """
        error, absences, wanted = network.unfinished(), *network.absences()
        news, is_all = self._news_of(network), len(absences) == wanted and error is None
        if (news.refused or news.back) and not is_all:  # else the error tells it
            logger.error("%s", news_line(network.name, news, len(absences), wanted))
        if error is None and absences:
            error = absence_error(network.name, absences, wanted)
            error.is_reported = self._known is not None and not (is_all and news.refused)
        return error

    def _news_of(self, network: NetworkRun, *, of_arrived: bool = False) -> News:
        """Return the changes of refusals since earlier runs; none if no file keeps them.

        With `of_arrived` only those of connections that have their channels.
        """
        if self._known is None or not network.was_welcomed:
            return News()
        absences, _ = network.absences(of_arrived=of_arrived)
        absent = {each.channel for each in absences}
        names = network.channels(of_arrived=of_arrived)
        return self._known.news(
            network.name, absences, [name for name in names if name not in absent]
        )
