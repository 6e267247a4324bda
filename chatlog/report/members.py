"""The members of a channel at a time, as the archive tells them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive import manifest
from chatlog.archive.layout import parse_segment, period_named
from chatlog.archive.manifest_view import ManifestView
from chatlog.archive.targets import spelled
from chatlog.casemapping import CHANTYPES
from chatlog.event import TO_THE_SECOND, EventType, class_of, shifted
from chatlog.formats import jsonl
from chatlog.query.predicates import Between, Has, Some, Type, Via
from chatlog.query.selection import query_for
from chatlog.report.gaps import Unreadable, coverages, recorded_classes
from chatlog.report.presence import CHANGING, LIVE, SPEAKING, Presence
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.archive.targets import Target
    from chatlog.coverage.fold import Coverage
    from chatlog.event import Event
    from chatlog.read.reader import Reader
    from chatlog.search.search import Hit, HitsOf

_DAY: Final = 86_400_000  # milliseconds


_UNHEARD: Final = "was not recorded then; `chatlog gaps` shows when it was"
_UNRECORDED: Final = (
    "has no joins and quits of then: `record` left out the class presence; `chatlog gaps`"
    " shows what was recorded"
)
_REMOVED: Final = (
    "has no joins and quits of then any more: `keep` removed the class presence; MANIFEST"
    " tells when"
)
_PRESENCE: Final = class_of(EventType.JOIN)


def channels_of(reader: Reader) -> list[Target]:
    """Return the targets that are channels; queries too if there is no channel."""
    found = reader.targets()
    return [each for each in found if spelled(each.name)[:1] in CHANTYPES] or found


def presence_at(
    reader: Reader, channel: Target, time: str, hits_of: HitsOf = Search.hits
) -> Presence:
    """Return the presence that follows from the events of the recorder's last stay up to a time.

    The time itself is included. An empty `since` of the presence means that no
    recorder was in the channel before. `hits_of` takes the hits of a search, and may show
    its progress.
    """
    until = Between(until=time + "~")
    live = Some(tuple(Via(each or "live") for each in LIVE))
    begins = query_for(Some((Type(EventType.JOINED), Type(EventType.NAMES))), live, until)
    first, types = "", {*CHANGING, *SPEAKING}
    for event in _events(hits_of(Search(reader, begins, newest_first=True, jobs=1)), channel):
        # A line without a server time bears our clock, which may be behind the server's.
        first = min(event.time, event.received or event.time)
        if event.type == EventType.JOINED:
            break
        types -= SPEAKING  # a list of names is whole: speakers add nothing to it
    presence = Presence(reader.names(spelled(channel.network)))
    if first:
        reader.damaged.clear()  # the second pass meets the same lines, and reports them once
        changes = query_for(
            Some(tuple(map(Type, sorted(types)))), live, Between(since=first), until
        )
        for event in _events(hits_of(Search(reader, changes, jobs=1)), channel):
            presence.take(event)
    return presence


class RelayedSpeaker(NamedTuple):
    """A speaker behind a relay; an empty platform is unknown."""

    nick: str
    platform: str
    relay: str


def relayed_in(
    reader: Reader, channel: Target, time: str, hits_of: HitsOf = Search.hits
) -> list[RelayedSpeaker]:
    """Return the people who spoke through a relay in the day before a time, by their nicks.

    No relay tells when they leave. `time` itself is included, as in `presence_at`.
    """
    lately = Between(since=shifted(time, -_DAY), until=time + "~")
    relayed = Search(reader, query_for(Has("relay"), lately), jobs=1)
    found = {
        RelayedSpeaker(event.relayed_nick, event.relayed_platform, event.nick)
        for event in _events(hits_of(relayed), channel)
    }
    return sorted(found)


def why_unknown(
    root: str | Path,
    channel: Target,
    since: str,
    time: str,
    now: str,
    *,
    unreadable: Unreadable,
) -> str:
    """Return the reason why the members at a time are unknown, "" if they are known.

    They are known from `since` on, "" if no recorder was in the channel.
    """
    if not since:
        return _UNHEARD
    for _, coverage in coverages(Path(root), [channel], now, unreadable=unreadable):
        if _has_gap(coverage, since, time) or _has_ended(coverage, since, time):
            return _UNHEARD
        if _PRESENCE not in recorded_classes(coverage, since, time):
            return _UNRECORDED
    return _REMOVED if _is_removed(channel, since, time) else ""


def _is_removed(channel: Target, since: str, time: str) -> bool:
    """Return whether retention removed joins and quits of the stretch until a time."""
    names = ManifestView(channel.path, manifest.read(Path(channel.path))).removed
    found = (segment for name in names if (segment := parse_segment(name)))
    periods = (period_named(each.period) for each in found if each.of_class == _PRESENCE)
    return any(each is not None and each.start <= time and since < each.end for each in periods)


def _has_gap(coverage: Coverage, since: str, time: str) -> bool:
    """Return whether a gap began between `since` and a time.

    A recorder that was killed leaves no event of its end; the ledger knows. Nor does a
    batch that brings nothing leave an event of its beginning: after the gap before it,
    nobody knows who stayed. A gap of the second of `since` that is over by the time lies
    before the list of names: text tells seconds alone.
    """
    return any(
        since <= gap.start.time < time
        and (time <= gap.end or since[:TO_THE_SECOND] < gap.start.time[:TO_THE_SECOND])
        for gap in coverage.gaps.near(since, time)
    )


def _has_ended(coverage: Coverage, since: str, time: str) -> bool:
    """Return whether a recorded stretch ended between `since` and a time.

    What lies between two recorded stretches is no gap: nobody was meant to hear it.
    """
    return any(since <= stretch.until < time for stretch in coverage.recorded[:-1])


def _events(hits: Iterator[Hit], channel: Target) -> Iterator[Event]:
    return (jsonl.decode(hit.line) for hit in hits if hit.target == channel)
