"""Path patterns: the network, the channel and the date in the path of a log. Pure.

A pattern is matched from the end of a path: `{network}/{channel}.log` fits
`home/ann/irclogs/libera/#python.log`. The tokens are those of `TOKENS`; every other character
stands for itself, and a compressing suffix behind the pattern is left out.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

from chatlog.errors import UsageError
from chatlog.formats.dialects.log_clock import MONTHS

TOKENS: Final = {
    "network": r"(?P<network>[^/]+)",
    "channel": r"(?P<channel>[^/]+?)",
    "hashless": r"(?P<hashless>[^/]+?)",
    "quoted": r"(?P<quoted>[^/]+?)",
    "network_uuid": r"(?P<network>[^/]+?)-[0-9a-f-]*[0-9a-f]{12}",
    "date": r"(?P<date>\d{4}-\d\d-\d\d|\d{8}|\d{1,2}[A-Za-z]{3}\d{4}|\d{4}\.\d\d\.\d\d)",
    "year": r"(?P<year>\d{4})",
    "month": r"(?P<month>\d{1,2}|[A-Za-z]{3,9})",
    "day": r"(?P<day>\d{1,2})",
    "user": r"[^/]+",
    "any": r"[^/]*?",
}
"""The tokens of a pattern: `hashless` is a channel without its `#`, `quoted` one with `%23` for
it, `any` any part of a name, and `network_uuid` a network with the end of a UUID behind it."""

_SUFFIX: Final = re.compile(r"\.(?:gz|zst|xz|bz2)$")
_TOKEN: Final = re.compile(r"\{(\w+)\}")
_COMPACT: Final = re.compile(r"(\d{4})-?\.?(\d\d)-?\.?(\d\d)")
_NAMED: Final = re.compile(r"(\d{1,2})([A-Za-z]{3})(\d{4})")


class PathFields(msgspec.Struct, frozen=True):
    """The facts that a path tells: "" for each that it does not. `date` is `2026-11-23`."""

    network: str = ""
    channel: str = ""
    date: str = ""


class PathPattern:
    """One pattern; UsageError if it has a token that there is not, or none at all."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        names = _TOKEN.findall(pattern)
        if unknown := next((name for name in names if name not in TOKENS), None):
            known = ", ".join(f"{{{name}}}" for name in TOKENS)
            raise UsageError(f"{{{unknown}}} is no token of a path pattern; there are {known}")
        if not names:
            raise UsageError(f"the path pattern {pattern!r} has no token such as {{channel}}")
        if len(set(names) - {"any", "user"}) < sum(name not in {"any", "user"} for name in names):
            raise UsageError(f"the path pattern {pattern!r} has a token twice")
        pieces = _TOKEN.split(pattern)
        text = "".join(
            TOKENS[piece] if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
        )
        self._pattern = re.compile(rf"(?:^|.*/){text}$", re.DOTALL)

    def match(self, path: str) -> PathFields | None:
        """Return the facts in a path, None if the pattern does not fit."""
        found = self._pattern.match(_SUFFIX.sub("", path)) or self._pattern.match(path)
        if found is None:
            return None
        parts = {key: value for key, value in found.groupdict().items() if value}
        channel = parts.get("channel", "")
        if hashless := parts.get("hashless"):
            channel = f"#{hashless}"
        if quoted := parts.get("quoted"):
            channel = unquote(quoted)
        day = _day_of(parts)
        if day is None:
            return None
        return PathFields(parts.get("network", ""), channel, day)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> PathPattern:
    """Return the pattern of a text."""
    return PathPattern(pattern)


def _day_of(parts: dict[str, str]) -> str | None:
    """Return the date of the parts of a path, "" without one, None if there is no such day."""
    try:
        if text := parts.get("date"):
            return _date_in(text).isoformat()
        if "year" in parts and "month" in parts:
            month = parts["month"]
            number = int(month) if month.isdigit() else MONTHS[month[:3].lower()]
            return date(int(parts["year"]), number, int(parts.get("day", "1"))).isoformat()
    except (ValueError, KeyError):
        return None
    return ""


def _date_in(text: str) -> date:
    if found := _COMPACT.fullmatch(text):
        year, month, day = map(int, found.groups())
        return date(year, month, day)
    named = _NAMED.fullmatch(text)
    if named is None:
        raise ValueError(text)
    return date(int(named[3]), MONTHS[named[2].lower()], int(named[1]))
