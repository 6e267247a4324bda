"""The forms of lines: how a dialect writes each kind of event, with pieces of patterns. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK, EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Found = dict[str, str]
    """The named groups of a form that matched, without the empty ones."""
    Refine = Callable[[Found], Found]
    """Changes what a pattern found, as where a group needs more than a pattern to split it."""
    Talk = tuple[str, Callable[[str, int], re.Match[str] | None]]
    """A form of talk: its kind, and the matcher of all that stands behind the stamp."""

NOISE: Final = "-noise"
DAY: Final = "-day"
OPENED: Final = "-opened"
CLOSED: Final = "-closed"
LOST: Final = "-lost"
CHANNEL: Final = "-channel"
OWN_NICK: Final = "-own-nick"
SPLIT: Final = "-split"
REJOIN: Final = "-rejoin"
REPEAT: Final = "-repeat"
CONTINUED: Final = "-continued"
"""Kinds of line that are no event by themselves: remarks, a new day (with the groups of a
stamp), the beginning and the end of listening (the same groups), the loss of the connection,
the channel that follows (`target`), the nick of the program's user (`nick`), quits of many
(`nicks`, `more`, and the servers `one` and `other`), joins of many (`nicks`), a message said
again (`count`), and a further line of the message before (`text`)."""

PREFIXES: Final = "~&@%+!"
"""The marks of status that programs show before a nick."""

NICK: Final = r"(?P<nick>[^\s<>]+)"
SUBJECT: Final = r"(?P<subject>\S+)"
TARGET: Final = r"(?P<target>\S+)"
MASK: Final = r"(?P<user>[^@\s]*)@(?P<host>\S*?)"
TEXT: Final = r"(?P<text>.*)"
"""Pieces of patterns: a nick, a person that something is done to, a channel, `user@host`,
the rest of the line."""

_WEEKDAY: Final = r"(?:[A-Z][a-z]{2} )?"
CTIME: Final = (
    _WEEKDAY + r"(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d)"
    r":(?P<second>\d\d) (?P<year>\d{4})"
)
"""A date and time as C's `ctime` writes it: `Mon Nov 23 19:30:42 2026`."""
CDATE: Final = _WEEKDAY + r"(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<year>\d{4})"
"""A date in the words of `ctime`: `Mon Nov 23 2026`."""
CLOCK_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d)"
CLOCK_SECONDS: Final = CLOCK_TIME + r":(?P<second>\d\d)"
ISO_DATE: Final = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"


_PLAIN_TALK: Final = frozenset({"nick", "user", "host", "account", "text", "subject"})
_PLAIN: Final = _PLAIN_TALK | {"target"}
_PLAIN_KINDS: Final = frozenset(EventType) - {EventType.NICK}
"""The groups and the kinds of forms whose events have the groups as their fields."""


class Form(msgspec.Struct, frozen=True):
    """One form of line: the kind of event, the text with which it begins, and the rest.

    `pattern` matches all that follows `lead`, and names the fields of the event. `refine`
    changes what it found. A line of an ambiguous form counts so. One that `is_own` is by the
    program's user, or a kick of them, and does not name them. Lines of a form with a `note` are
    counted under it. The fields of an event of a form that `is_plain` are its groups.
    """

    kind: str
    lead: str
    pattern: re.Pattern[str]
    refine: Refine | None = None
    is_ambiguous: bool = False
    is_own: bool = False
    note: str = ""
    is_plain: bool = False

    @property
    def is_talk(self) -> bool:
        """Whether it is a plain message, action or notice with a nick and a text alone."""
        groups = dict(self.pattern.groupindex)
        return self.is_plain and self.kind in TALK and groups == {"nick": 1, "text": 2}

    @property
    def whole(self) -> str:
        """The pattern with the lead."""
        return re.escape(self.lead) + self.pattern.pattern


def form(
    kind: str,
    lead: str,
    pattern: str,
    refine: Refine | None = None,
    *,
    is_ambiguous: bool = False,
    is_own: bool = False,
    note: str = "",
) -> Form:
    """Return a form of line; its pattern must match to the end.

    Spaces are those of ASCII, as IRC lets others stand in nicks and names.
    """
    compiled = re.compile(pattern, re.DOTALL | re.ASCII)
    is_usual = refine is None and not (is_ambiguous or is_own or note)
    plain = _PLAIN_TALK if kind in TALK else _PLAIN
    is_plain = is_usual and kind in _PLAIN_KINDS and compiled.groupindex.keys() <= plain
    return Form(kind, lead, compiled, refine, is_ambiguous, is_own, note, is_plain)


def by_first_letter(forms: Sequence[Form]) -> dict[str, tuple[Form, ...]]:
    """Return the forms by the first letter of their leads; under "" those without a lead.

    Each letter has the forms without a lead too, in the order of the table.
    """
    letters = {each.lead[:1] for each in forms} | {""}
    return {
        letter: tuple(each for each in forms if each.lead[:1] in {letter, ""}) for letter in letters
    }


def talk_by_first_letter(forms: dict[str, tuple[Form, ...]]) -> dict[str, Talk]:
    """Return the form of talk that is tried first for each letter, if one is."""
    return {
        letter: (some[0].kind, re.compile(pattern, some[0].pattern.flags).fullmatch)
        for letter, some in forms.items()
        if some and some[0].is_talk and (pattern := some[0].whole)
    }
