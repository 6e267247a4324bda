"""RPL_ISUPPORT: the tokens of the server, with the protocol's defaults.

Odd values never raise: a token that is missing, empty, negated or malformed means
its default, and so does a token without the part that is read of it.
See https://modern.ircdocs.horse/#rplisupport-005
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.casemapping import PREFIXES, Casemapping

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TOKENS: Final = 512
"""Tokens that are kept; servers send some sixty. More are ignored: the lines are recorded."""

MAX_CASEMAPPINGS: Final = 8
"""Changes of CASEMAPPING that a connection may bring; the names of later ones are ignored.

Each folds every name anew. Servers send one, before the first JOIN.
"""

_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
_DEFAULT_CASEMAPPING: Final = "rfc1459"
_DEFAULT_CHANTYPES: Final = "#&+!"
_DEFAULT_PREFIX: Final = ("ov", "@+")
_DEFAULT_TARGETS: Final = 10
_NO_LIMIT: Final = 999

_DEFAULT_CHANMODES: Final = "beI,k,l,imnpst"

_BEFORE: Final = f"[{re.escape(PREFIXES)}]"
_PREFIX: Final = re.compile(rf"\(([A-Za-z]+)\)({_BEFORE}+)")
_STATUSMSG: Final = re.compile(f"{_BEFORE}+")
_CHANMODES: Final = re.compile(r"[A-Za-z]*(?:,[A-Za-z]*){3,}")
_MONITOR: Final = re.compile(r"0*[1-9][0-9]*|")
_BOT: Final = re.compile(r"[A-Za-z]")


class ISupport(dict[str, str]):
    """The tokens of RPL_ISUPPORT, by name in upper case, and the values derived from them.

    `prefixes` are the characters before a member's nick, `statusmsg` those that
    the server advertises before a channel as a target. `monitors` tells whether
    it has MONITOR; `bot_mode` is the user mode of bots, "" if there is none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.casemapping = Casemapping()
        self._changes = 0
        self._derive()

    def receive(self, tokens: Iterable[str]) -> None:
        """Take the tokens of one line; `-TOKEN` takes one back."""
        for token in tokens:
            key, _, value = token.partition("=")
            if key.startswith("-"):
                self.pop(key[1:].upper(), None)
            elif key and (len(self) < MAX_TOKENS or key.upper() in self):
                self[key.upper()] = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)
        self._derive()

    def _derive(self) -> None:
        casemapping = Casemapping(self.get("CASEMAPPING") or _DEFAULT_CASEMAPPING)
        if casemapping.name != self.casemapping.name and self._changes < MAX_CASEMAPPINGS:
            self._changes += 1
            self.casemapping = casemapping
        self.chantypes = _chantypes(self.get("CHANTYPES", "")) or _DEFAULT_CHANTYPES
        modes, self.prefixes = _prefix(self.get("PREFIX", "")) or _DEFAULT_PREFIX
        self.statusmsg = self._matching("STATUSMSG", _STATUSMSG, "")
        self.modes_with_argument = self._modes_with_argument(modes)
        self.monitors = "MONITOR" in self and _MONITOR.fullmatch(self["MONITOR"]) is not None
        self.bot_mode = self._matching("BOT", _BOT, "")

    def _matching(self, token: str, pattern: re.Pattern[str], default: str) -> str:
        value = self.get(token, "")
        return value if pattern.fullmatch(value) else default

    def _modes_with_argument(self, prefix_modes: str) -> dict[str, str]:
        """Return when each mode takes an argument: "+" on setting, "+-" on both."""
        classes = self._matching("CHANMODES", _CHANMODES, _DEFAULT_CHANMODES).split(",")
        lists, always, on_setting = classes[:3]
        return dict.fromkeys(on_setting, "+") | dict.fromkeys(lists + always + prefix_modes, "+-")

    def number(self, token: str, default: int) -> int:
        """Read a token that is a number; the default where it is none."""
        value = self.get(token, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else default  # noqa: PLR2004 - no limit of IRC is that large

    def is_channel(self, name: str) -> bool:
        """Return whether a target is a channel by its first character."""
        return name[:1] in self.chantypes if name else False

    def is_operator(self, prefixes: str) -> bool:
        """Return whether one of a member's prefixes is that of operators, or a higher one."""
        operators = self.prefixes[: self.prefixes.find("@") + 1] or self.prefixes[:1]
        return any(prefix in operators for prefix in prefixes)

    def split_member(self, item: str) -> tuple[str, str]:
        """Part an item of a list of names, `@+nick!user@host`, into prefixes and nick.

        The nick is empty if there is none.
        """
        # A prefix can be the ! that ends a nick.
        member = item.lstrip(self.prefixes)
        if member.startswith("!"):  # which the server did not advertise
            member = item.lstrip(PREFIXES)
        return item[: len(item) - len(member)], member.partition("!")[0]

    def split_statusmsg(self, target: str) -> tuple[str, str]:
        """Part `@#chan` into `@` and `#chan`; any other target has no prefix."""
        name = target.lstrip(self.statusmsg) if self.statusmsg else target
        if name != target and self.is_channel(name):
            return target[: len(target) - len(name)], name
        return "", target

    def targets_per_join(self) -> int:
        """Return how many channels one JOIN may name (TARGMAX, else MAXTARGETS, else 10)."""
        for item in self.get("TARGMAX", "").split(","):
            command, colon, limit = item.partition(":")
            if command.upper() == "JOIN" and colon:
                if not limit:
                    return _NO_LIMIT
                if limit.isascii() and limit.isdigit():
                    return int(limit[:9]) or _NO_LIMIT
        return max(1, self.number("MAXTARGETS", _DEFAULT_TARGETS))

    def channel_limit(self) -> int | None:
        """Return how many channels with `#` one may be in (CHANLIMIT, else MAXCHANNELS)."""
        if "CHANLIMIT" not in self:
            return self.number("MAXCHANNELS", 0) or None
        limits = map(_CHANNELS.fullmatch, self["CHANLIMIT"].split(","))
        return next((int(limit[1]) for limit in limits if limit), 0) or None


_CHANNELS: Final = re.compile(r"[^:]*#[^:]*:([0-9]{1,8})")


def _chantypes(value: str) -> str:
    """Return the characters of CHANTYPES that can begin a channel."""
    # A channel must not be taken for a nick, nor for the target `@server`.
    return "".join(type_ for type_ in value if not type_.isalnum() and type_ not in "@,: ")


def _prefix(value: str) -> tuple[str, str] | None:
    """Return the modes and the prefixes of PREFIX; None unless they go together."""
    match = _PREFIX.fullmatch(value)
    if match is None:
        return None
    modes, prefixes = match.groups()
    alike = len(modes) == len(set(modes)) == len(prefixes) == len(set(prefixes))
    return (modes, prefixes) if alike else None
