"""The rules that keep events out of the transcript, and their counts.

Pure: it drops and counts, and keeps nothing of what it dropped.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import PREFIXES
from chatlog.event import RECORDERS_OWN, SERVER, Event, EventType, Source
from chatlog.places import ASCII, is_named
from chatlog.protocol.masks import Masks
from chatlog.relay_heads import text_behind_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.casemapping import Casemapping

# A deletion, too, can hold the words of the message that it takes back.
_SAID: Final = frozenset(
    {
        EventType.MESSAGE,
        EventType.ACTION,
        EventType.NOTICE,
        EventType.REDACT,
        EventType.USERNOTICE,
    }
)
_SAID_BY: Final = frozenset({"PRIVMSG", "NOTICE", "WHISPER"})
SPOKEN: Final = _SAID_BY | {"CLEARMSG", "REDACT", "USERNOTICE"}
"""The commands that bring what people say."""

_CTCP: Final = "\x01"
_FORMATTING: Final = re.compile(
    r"(?:[\x02\x0f\x11\x16\x1d\x1e\x1f\s]|\x01(?i:ACTION) |\x03(?:\d{1,2}(?:,\d{1,2})?)?"
    r"|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?)+"
)
_LAST_SPACE: Final = 0x3000
_FORMATS: Final = frozenset("\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f") | {
    letter for letter in map(chr, range(_LAST_SPACE + 1)) if letter.isspace()
}
_LAST_ODD_LETTER: Final = 0xFFFF


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The masks, prefixes and channels that are not recorded.

    `off_record` are the prefixes of what is said off the record, `ignore`
    masks of people (`nick!user@host` with `*` and `?`; a bare nick is any such
    one), `ignore_accounts` their accounts, where the server tells these, and `nolog`
    channels of which nothing is written.
    """

    off_record: tuple[str, ...] = ("[off]", "[nolog]")
    ignore: tuple[str, ...] = ()
    ignore_accounts: tuple[str, ...] = ()
    nolog: tuple[str, ...] = ()


class Privacy:
    """Decide of each event whether it may be written.

    `counts` has how many were not, as `off-record`, `ignored` and `nolog`.
    `initials` are the characters that a text off the record can begin with;
    unless `is_wide`, nothing but what people say is ever kept out. If `has_accounts`, a
    source does not tell by itself whether its lines may be written.
    """

    initials: frozenset[str]
    is_wide: bool
    has_accounts: bool

    def __init__(self, settings: PrivacySettings) -> None:
        self.counts: Counter[str] = Counter()
        self.apply(settings)

    def apply(self, settings: PrivacySettings) -> None:
        """Replace the settings; the counts continue."""
        self._off_record = tuple(prefix.casefold() for prefix in settings.off_record if prefix)
        alike = [_alike(prefix[0]) for prefix in self._off_record]
        self.initials = _FORMATS.union(*alike) if alike else frozenset()
        self._nolog = settings.nolog
        self._ignore = Masks(settings.ignore)
        self._accounts = settings.ignore_accounts
        self.has_accounts = bool(settings.ignore_accounts)
        self.is_wide = bool(settings.nolog or settings.ignore or settings.ignore_accounts)
        self._casemapping: Casemapping | None = None
        self._silent: frozenset[str] = frozenset()

    def ignores(self, source: Source, casemapping: Casemapping) -> bool:
        """Return whether a source is ignored."""
        return self._ignore.match(source, casemapping)

    def is_silent(self, channel: str, casemapping: Casemapping) -> bool:
        """Return whether a channel is not recorded."""
        if not self._nolog:
            return False
        self._fold(casemapping)
        return casemapping[channel] in self._silent

    def carry_over(self, channel: str, onto: str, casemapping: Casemapping) -> None:
        """Apply a channel's rules to its new name, or to the channel that it forwards to."""
        if self.is_silent(channel, casemapping):
            self._nolog = (*self._nolog, onto)
            self._casemapping = None

    def keep(self, events: Sequence[Event], casemapping: Casemapping) -> list[Event]:
        """Return the events that may be written, in order, and count the others."""
        kept = []
        for event in events:
            if reason := self._reason_against(event, casemapping):
                self.counts[reason] += 1
            elif event.type == EventType.NAMES and self._ignore:
                kept.append(self._without_ignored(event, casemapping))
            else:
                kept.append(event)
        return kept

    def withhold(self, events: Sequence[Event]) -> list[Event]:
        """Count events of a message of which another line is off the record; return none."""
        self.counts["off-record"] += len(events)
        return []

    def _reason_against(self, event: Event, casemapping: Casemapping) -> str:
        if event.type in RECORDERS_OWN:
            return ""
        if self._nolog and any(self.is_silent(place, casemapping) for place in _places(event)):
            return "nolog"
        if self._ignore and any(self.ignores(who, casemapping) for who in _authors(event)):
            return "ignored"
        if any(is_named(each, event.account, ASCII) for each in self._accounts):
            return "ignored"
        return "off-record" if any(map(self.is_off_record, _said(event))) else ""

    def is_off_record(self, text: str) -> bool:
        """Return whether a line of a text begins with a prefix: people without multiline see lines.

        See https://ircv3.net/specs/extensions/multiline#fallback
        """
        if "\n" in text:
            return any(map(self._begins_off_record, text.split("\n")))
        return self._begins_off_record(text)

    def _begins_off_record(self, text: str) -> bool:
        if not self._off_record or (text[:1] not in self.initials and text[:1] != _CTCP):
            return False
        found = _FORMATTING.match(text)
        said = text[found.end() :] if found else text
        return said[: max(map(len, self._off_record)) * 2].casefold().startswith(self._off_record)

    def _without_ignored(self, event: Event, casemapping: Casemapping) -> Event:
        names = event.text.split(" ")
        kept = [name for name in names if not self._ignores_name(name, casemapping)]
        return msgspec.structs.replace(event, text=" ".join(kept))

    def _ignores_name(self, name: str, casemapping: Casemapping) -> bool:
        return self.ignores(Source.parse(name.lstrip(PREFIXES)), casemapping)

    def _fold(self, casemapping: Casemapping) -> None:
        if self._casemapping is casemapping:
            return
        self._casemapping = casemapping
        self._silent = frozenset(casemapping[name] for name in self._nolog)


def _places(event: Event) -> tuple[str, ...]:
    """Return the parameters of an event that may name its channel."""
    if event.target != SERVER:
        return (event.target,)
    # A line of a channel that we have just left, after `@` to its operators alone,
    # or the server's word about it.
    return tuple(
        place for param in event.params for place in (param, param[1:], param.lstrip(PREFIXES))
    )


def _authors(event: Event) -> list[Source]:
    """Return who did it, who spoke through a relay, and whose words are told once more."""
    authors = [Source(event.nick, event.user, event.host)]
    if event.relayed_nick:
        authors.append(Source(event.relayed_nick))
    if event.type == EventType.REDACT:
        authors.append(Source(event.subject))
    return authors


def _said(event: Event) -> tuple[str, ...]:
    """Return the texts in an event that its author wrote: a relay's with and without its head."""
    if event.type in _SAID:
        text = event.text
        return (text, text_behind_head(text)) if event.relayed_nick else (text,)
    has_words = event.type == EventType.OTHER and event.command in _SAID_BY
    return event.params[1:2] if has_words else ()


@functools.lru_cache
def _alike(letter: str) -> frozenset[str]:
    """Return the characters that fold to a letter."""
    if not letter.isalpha():
        return frozenset({letter})
    odd = {each for each in map(chr, range(_LAST_ODD_LETTER)) if each.casefold()[:1] == letter}
    return frozenset({letter, letter.upper(), *odd})
