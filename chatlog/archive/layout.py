"""Where things are in an archive: (network, target, period, part) to paths and back.

Pure: it never touches the disk and never asks for the time. Two targets never
share a path, no path leaves the root, and only names that this module would
write are read back; whoever removes files relies on that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import Casemapping
from chatlog.event import CLASSES, MOST_APART, SERVER, shifted
from chatlog.formats.table import FORMATS, format_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.formats.format import Format


class Rotate(StrEnum):
    """How long a segment's period is."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NEVER = "never"


class Period(msgspec.Struct, frozen=True):
    """A stretch of time, `[start, end)`, both in the form of `Event.time`.

    The name is in the local time of the zone that the period was asked for.
    """

    name: str
    start: str
    end: str

    def holds(self, time: str) -> bool:
        """Return whether a time lies inside."""
        return self.start <= time < self.end

    def is_ahead(self, now: str) -> bool:
        """Return whether it begins so late that no believed time can be in it yet.

        `now` is our clock. Earlier versions filed events there that a server dated so.
        """
        return self.start > shifted(now, MOST_APART)

    def is_over(self, now: str) -> bool:
        """Return whether no further event is expected in it, by our clock."""
        return self.end <= now or self.is_ahead(now)


_FIRST: Final = "0001-01-01T00:00:00.000Z"
_LAST: Final = "9999-12-31T24:00:00.000Z"  # as a bound that is not inclusive, after every time
_DAWN: Final = datetime(1, 1, 1)  # noqa: DTZ001 -- a local moment, in any zone
_EVER: Final = Period("all", _FIRST, _LAST)
_REMEMBERED: Final = 8192  # days of a life's archive, which many channels share


class _Grain(msgspec.Struct, frozen=True):
    """One kind of period; its moments are local, without a zone."""

    floor: Callable[[datetime], datetime]
    following: Callable[[datetime], datetime]
    name: Callable[[datetime], str]
    completion: str  # what makes an ISO 8601 moment of its name


def _hour(local: datetime) -> datetime:
    return local.replace(minute=0, second=0, microsecond=0)


def _day(local: datetime) -> datetime:
    return _hour(local).replace(hour=0)


def _week(local: datetime) -> datetime:
    return _day(local) - timedelta(days=local.weekday())


def _month(local: datetime) -> datetime:
    return _day(local).replace(day=1)


def _week_name(local: datetime) -> str:
    year, week, _ = local.isocalendar()
    return f"{year:04d}-W{week:02d}"


_GRAINS: Final = {
    Rotate.HOURLY: _Grain(
        _hour, lambda begin: begin + timedelta(hours=1), lambda begin: begin.isoformat()[:13], ""
    ),
    Rotate.DAILY: _Grain(
        _day, lambda begin: begin + timedelta(days=1), lambda begin: begin.isoformat()[:10], ""
    ),
    Rotate.WEEKLY: _Grain(_week, lambda begin: begin + timedelta(weeks=1), _week_name, "-1"),
    Rotate.MONTHLY: _Grain(
        _month,
        lambda begin: _month(begin + timedelta(days=31)),
        lambda begin: begin.isoformat()[:7],
        "-01",
    ),
}
_SHAPES: Final = {
    len("2026-11-23T18"): Rotate.HOURLY,
    len("2026-11-23"): Rotate.DAILY,
    len("2026-W48"): Rotate.WEEKLY,
    len("2026-11"): Rotate.MONTHLY,
}


def period_of(time: str, rotate: Rotate, tz: tzinfo = UTC) -> Period:
    """Find the period that holds a time.

    Periods follow one another without gap or overlap, also where a zone's
    clocks are changed: one begins the first time that its local moment comes,
    or would have come.
    """
    if rotate is Rotate.NEVER:
        return _EVER
    grain = _GRAINS[rotate]
    begin = grain.floor(_to_local(time, tz))
    period = _recent_period(grain, begin, tz)
    # Where clocks change near midnight, the local date may not be the period's.
    while not period.holds(time):
        begin = (
            grain.following(begin)
            if time >= period.end
            else grain.floor(begin - timedelta(microseconds=1))
        )
        period = _recent_period(grain, begin, tz)
    return period


@lru_cache(_REMEMBERED)
def period_named(name: str, tz: tzinfo = UTC) -> Period | None:
    """Read a period's name back; None for anything that `period_of` never gives."""
    if name == _EVER.name:
        return _EVER
    rotate = _SHAPES.get(len(name))
    if rotate is None:
        return None
    grain = _GRAINS[rotate]
    try:
        begin = datetime.fromisoformat(name + grain.completion)
        # What is read more liberally than it is written is not our name.
        return _period(grain, begin, tz) if grain.name(begin) == name else None
    except ValueError:
        return None


def _period(grain: _Grain, begin: datetime, tz: tzinfo) -> Period:
    try:
        start = _FIRST if begin == _DAWN else _to_utc(begin, tz)
    except OverflowError:
        start = _FIRST
    try:
        end = _to_utc(grain.following(begin), tz)
    except OverflowError:
        end = _LAST
    return Period(grain.name(begin), start, end)


_recent_period: Final = lru_cache(64)(_period)
"""As `_period`: thousands of channels share the record of the period that is under way."""


def _to_utc(local: datetime, tz: tzinfo) -> str:
    if tz is UTC:  # an archive has thousands of days, nearly all in UTC
        return local.isoformat(timespec="milliseconds") + "Z"
    utc = local.replace(tzinfo=tz).astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _to_local(time: str, tz: tzinfo) -> datetime:
    utc = datetime.fromisoformat(time)
    try:
        return utc.astimezone(tz).replace(tzinfo=None, fold=0)
    except OverflowError:  # within a day of the first or the last moment that there is
        return utc.replace(tzinfo=None)


class SegmentName(msgspec.Struct, frozen=True, order=True):
    """The name of one file of a transcript; parts of a period count from 1.

    `suffix` is that of the format, `compression` what follows it: "", gz or zst.
    `of_class` is the class of all its events, "" if it may hold those of any.
    """

    period: str
    part: int
    suffix: str
    compression: str = ""
    of_class: str = ""

    def __str__(self) -> str:
        middle = f".{self.of_class}" if self.of_class else ""
        ending = f".{self.compression}" if self.compression else ""
        return f"{self.period}_{self.part:03d}{middle}.{self.suffix}{ending}"

    @property
    def series(self) -> tuple[str, str, str]:
        """The period, format and class: the parts of these three are counted together."""
        return self.period, self.suffix, self.of_class

    @property
    def format(self) -> Format:
        """The format of its lines."""
        return format_of(self.suffix)


_SUFFIXES: Final = "|".join(re.escape(each.suffix) for each in FORMATS)
_SEGMENT: Final = re.compile(
    rf"([0-9TW-]+|all)_([0-9]{{3,9}})(?:\.({'|'.join(CLASSES)}))?\.({_SUFFIXES})(?:\.(gz|zst))?"
)


def parse_segment(filename: str) -> SegmentName | None:
    """Read a segment's file name back; None for any name that we never write."""
    match = _SEGMENT.fullmatch(filename)
    if match is None or period_named(match[1]) is None:
        return None
    name = SegmentName(match[1], int(match[2]), match[4], match[5] or "", match[3] or "")
    return name if name.part > 0 and str(name) == filename else None


_LITERAL: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789#&+!_-.=,^{}[]@~")
_NEVER_FIRST: Final = frozenset(b".@~-")
_NEVER_LAST: Final = frozenset(b".")
# Windows and what mounts its file systems keep devices' names, with any suffix.
_RESERVED: Final = re.compile(
    rb"(?:con|prn|aux|nul|(?:com|lpt)[0-9])(?:\..*)?|network\.json", re.DOTALL
)
_LONGEST: Final = 255
_DIGEST_DIGITS: Final = 40
# Plain encoding follows every % with two digits, so these two marks are free.
_NOTHING: Final = "%"
_CUT: Final = "%-"


def directory_name(name: str) -> str:
    """Encode a folded name as one safe component of a path; injective.

    ASCII letters in lower case, digits and common punctuation stay as they
    are, every other byte of the UTF-8 becomes `%XX`. No two names give
    components that differ in case only. What would be longer than 255 bytes
    keeps its beginning and ends in a digest.
    """
    octets = name.encode("utf-8", "surrogatepass")
    if not octets:
        return _NOTHING
    encoded = [chr(octet) if octet in _LITERAL else f"%{octet:02X}" for octet in octets]
    if octets[-1] in _NEVER_LAST:
        encoded[-1] = f"%{octets[-1]:02X}"
    if octets[0] in _NEVER_FIRST or _RESERVED.fullmatch(octets):
        encoded[0] = f"%{octets[0]:02X}"
    component = "".join(encoded)
    return component if len(component) <= _LONGEST else _cut(component, octets)


def _cut(component: str, octets: bytes) -> str:
    import hashlib

    ending = _CUT + hashlib.sha256(octets).hexdigest()[:_DIGEST_DIGITS]
    beginning = component[: _LONGEST - len(ending)]
    return re.sub("%[0-9A-F]?$", "", beginning) + ending


_NETWORKS: Final = Casemapping("ascii")


def network_directory(root: Path, network: str) -> Path:
    """Return the directory of a network's targets; its name folds as ASCII."""
    return root / directory_name(_NETWORKS[network])


def target_directory(root: Path, network: str, target: str, casemapping: Casemapping) -> Path:
    """Return the directory of a transcript; that of `@server` is no other target's."""
    component = SERVER if target == SERVER else directory_name(casemapping[target])
    return network_directory(root, network) / component
