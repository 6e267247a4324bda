"""What is kept out of the transcript because somebody asked for it, and how often.

Pure: it drops and counts, and keeps nothing of what it dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import translate
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import RECORDERS_OWN, Event, EventType, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.casemapping import Casemapping

_SAID: Final = frozenset({EventType.MESSAGE, EventType.ACTION, EventType.NOTICE})
_FORMATTING: Final = re.compile(
    r"(?:[\x02\x0f\x11\x16\x1d\x1e\x1f\s]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6})?)+"
)
_FORMATS: Final = frozenset("\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f \t")


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What not to write.

    `off_record` are the prefixes of what is said off the record, `ignore`
    masks of people (`nick!user@host` with `*` and `?`; a bare nick is any such
    one), `nolog` channels of which nothing is written.
    """

    off_record: tuple[str, ...] = ("[off]", "[nolog]")
    ignore: tuple[str, ...] = ()
    nolog: tuple[str, ...] = ()


class Privacy:
    """Decide of each event whether it may be written.

    `counts` has how many were not, as `off-record`, `ignored` and `nolog`.
    `initials` are the characters that a text off the record can begin with.
    """

    initials: frozenset[str]

    def __init__(self, settings: PrivacySettings) -> None:
        self.counts: Counter[str] = Counter()
        self.apply(settings)

    def apply(self, settings: PrivacySettings) -> None:
        """Go by other settings from now on; the counts go on."""
        self._off_record = tuple(prefix.casefold() for prefix in settings.off_record if prefix)
        first = {prefix[0] for prefix in self._off_record}
        alike = {letter for one in first for letter in (one, one.upper(), one.swapcase())}
        self.initials = frozenset(alike | _FORMATS) if alike else frozenset()
        self._nolog = settings.nolog
        self._ignore = settings.ignore
        self._casemapping: Casemapping | None = None
        self._masks: re.Pattern[str] | None = None
        self._silent: frozenset[str] = frozenset()

    def ignores(self, source: Source, casemapping: Casemapping) -> bool:
        """Say whether nothing that somebody does is to be written."""
        if not self._ignore:
            return False
        self._fold(casemapping)
        whole = f"{source.nick}!{source.user}@{source.host}"
        return self._masks is not None and self._masks.fullmatch(casemapping[whole]) is not None

    def is_silent(self, channel: str, casemapping: Casemapping) -> bool:
        """Say whether nothing of a channel is to be written."""
        if not self._nolog:
            return False
        self._fold(casemapping)
        return casemapping[channel] in self._silent

    def keep(self, events: Sequence[Event], casemapping: Casemapping) -> list[Event]:
        """Return what may be written, in its order, and count the rest."""
        kept = []
        for event in events:
            if reason := self._reason_against(event, casemapping):
                self.counts[reason] += 1
            elif event.type == EventType.NAMES and self._ignore:
                kept.append(self._without_ignored(event, casemapping))
            else:
                kept.append(event)
        return kept

    def _reason_against(self, event: Event, casemapping: Casemapping) -> str:
        if event.type in RECORDERS_OWN:
            return ""
        if self.is_silent(event.target, casemapping):
            return "nolog"
        if self._ignore and self.ignores(Source(event.nick, event.user, event.host), casemapping):
            return "ignored"
        if self._off_record and event.type in _SAID and self._is_off_record(event.text):
            return "off-record"
        return ""

    def _is_off_record(self, text: str) -> bool:
        found = _FORMATTING.match(text)
        said = text[found.end() :] if found else text
        return said[: max(map(len, self._off_record)) * 2].casefold().startswith(self._off_record)

    def _without_ignored(self, event: Event, casemapping: Casemapping) -> Event:
        names = event.text.split(" ")
        kept = [name for name in names if not self._ignores_name(name, casemapping)]
        return msgspec.structs.replace(event, text=" ".join(kept))

    def _ignores_name(self, name: str, casemapping: Casemapping) -> bool:
        return self.ignores(Source.parse(name.lstrip("~&@%+!")), casemapping)

    def _fold(self, casemapping: Casemapping) -> None:
        if self._casemapping is casemapping:
            return
        self._casemapping = casemapping
        self._silent = frozenset(casemapping[name] for name in self._nolog)
        masks = "|".join(_pattern(casemapping[_whole(mask)]) for mask in self._ignore)
        self._masks = re.compile(masks) if masks else None


def _whole(mask: str) -> str:
    return mask if "!" in mask or "@" in mask else f"{mask}!*@*"


def _pattern(mask: str) -> str:
    # In a mask, brackets are letters of a nick and not a choice of letters.
    return translate(mask.replace("[", "[[]"))
