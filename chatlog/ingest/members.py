"""The log of a server, completed by the logs of its channels.

Some programs write quits and changes of nicks to the log of the server alone. The logs of the
channels show who was in which channel at that time; the log of the server shows the nick of the
program's user.
"""

from __future__ import annotations

import heapq
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.compression import DamagedError
from chatlog.errors import TranscriptError
from chatlog.event import EventType
from chatlog.ingest.log_files import LogContents, LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import Dialect, LogFacts

MOST_CHANNELS: Final = 256
"""The logs of channels that are open at once; of a server with more, no quit is attributed."""

_COMINGS: Final = frozenset({EventType.JOIN, EventType.PART, EventType.KICK})


class Members:
    """The members of all channels at one moment, as events in the order of time tell them.

    Who was in a channel before its log begins is not known.
    """

    def __init__(self, comings: Iterable[Event]) -> None:
        self._comings = iter(comings)
        self._next = next(self._comings, None)
        self._channels: dict[str, set[str]] = {}

    def attributed(self, event: Event) -> list[Event]:
        """Return a quit or a change of nick once for each channel of its person.

        Another event, and one by a person who is in no known channel, stays as it is.
        """
        if event.type not in {EventType.QUIT, EventType.NICK}:
            return [event]
        self._go_to(event.time)
        channels = self._channels.pop(event.nick, set())
        if event.type == EventType.NICK and channels:
            self._channels.setdefault(event.subject, set()).update(channels)
        replace = msgspec.structs.replace
        return [replace(event, target=each) for each in sorted(channels)] or [event]

    def _go_to(self, time: str) -> None:
        """Follow joins, parts and kicks until a time, which is included: they precede its quits."""
        while self._next is not None and self._next.time <= time:
            event = self._next
            if event.type == EventType.JOIN:
                self._channels.setdefault(event.nick, set()).add(event.target)
            else:
                who = event.subject if event.type == EventType.KICK else event.nick
                self._channels.get(who, set()).discard(event.target)
            self._next = next(self._comings, None)


def comings_beside(
    file: LogFile, dialect: Dialect, facts_of: Callable[[LogFile], LogFacts]
) -> Iterator[Event]:
    """Return joins, parts and kicks, in order, from the channel logs beside a server's log.

    A log that cannot be read adds none, a damaged one those before the damage.
    """
    directory = Path(file.path).parent
    found = sorted(directory.glob(dialect.channel_logs))
    logs = [LogFile(str(each), 0) for each in found if each.is_file() and not each.is_symlink()]
    some = logs if len(logs) <= MOST_CHANNELS else []
    return heapq.merge(
        *(_comings(dialect, facts_of(each), each) for each in some), key=lambda each: each.time
    )


def server_log_beside(file: LogFile, dialect: Dialect) -> LogFile | None:
    """Return the log of the server to which the log of a channel belongs, None if there is none."""
    levels = dialect.channel_logs.count("/")
    log = Path(file.path).absolute().parents[levels] / Path(file.path).name
    return LogFile(str(log), 0) if log.is_file() and not log.is_symlink() else None


def own_nicks(log: LogFile, dialect: Dialect, facts: LogFacts) -> list[tuple[str, str]]:
    """Return the changes of nick of the program's user in a server's log: moment, new nick.

    A person who has the first nick again is that user after a new start.
    """
    decoder, nick = dialect.decoder(facts), facts.own_nick
    found: list[tuple[str, str]] = []
    with suppress(TranscriptError, DamagedError, ValueError):
        for events in decoder.events(LogContents(log).blocks()):
            for each in events:
                if each.type == EventType.NICK and each.nick in {nick, facts.own_nick}:
                    nick = each.subject
                    found.append((each.time, nick))
    return found


def _comings(dialect: Dialect, facts: LogFacts, log: LogFile) -> Iterator[Event]:
    decoder = dialect.decoder(facts)
    with suppress(TranscriptError, DamagedError, ValueError):
        for events in decoder.events(LogContents(log).blocks()):
            yield from (each for each in events if each.type in _COMINGS)


def attributed(batches: Iterable[Sequence[Event]], members: Members) -> Iterator[list[Event]]:
    """Yield the events of a server's log, its quits in the channels of their people."""
    for events in batches:
        yield [made for each in events for made in members.attributed(each)]
