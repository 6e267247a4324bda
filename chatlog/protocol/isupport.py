"""RPL_ISUPPORT: the tokens of the server, with the protocol's defaults.

Odd values never raise: a token that makes no sense leaves the default in
force. See https://modern.ircdocs.horse/#rplisupport-005
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.casemapping import Casemapping

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TOKENS: Final = 512
"""Tokens that are kept; servers send some sixty. More are ignored: the lines are recorded."""

_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
_PREFIX: Final = re.compile(r"\(([^)]*)\)(.*)", re.DOTALL)
_DEFAULT_CHANMODES: Final = "beI,k,l,imnpst"
_MODE_CLASSES: Final = 4


class ISupport(dict[str, str]):
    """The tokens of RPL_ISUPPORT, by name in upper case, and the values derived from them."""

    def __init__(self) -> None:
        super().__init__()
        self.casemapping = Casemapping()
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
        casemapping = Casemapping(self.get("CASEMAPPING") or "rfc1459")
        if casemapping.name != self.casemapping.name:
            self.casemapping = casemapping
        # A channel must not be taken for a nick, nor for the target `@server`.
        types = self.get("CHANTYPES", "#&+!")
        self.chantypes = "".join(
            type_ for type_ in types if not type_.isalnum() and type_ not in "@,: "
        )
        match = _PREFIX.fullmatch(self.get("PREFIX", "(ov)@+"))
        modes, self.prefixes = match.groups() if match else ("", "")
        self.statusmsg = self.get("STATUSMSG", "")
        self.modes_with_argument = self._modes_with_argument(modes)

    def _modes_with_argument(self, prefix_modes: str) -> dict[str, str]:
        """Return when each mode takes an argument: "+" on setting, "+-" on both."""
        classes = self.get("CHANMODES", _DEFAULT_CHANMODES).split(",") + [""] * _MODE_CLASSES
        lists, always, on_setting = classes[:3]
        return dict.fromkeys(on_setting, "+") | dict.fromkeys(lists + always + prefix_modes, "+-")

    def number(self, token: str, default: int) -> int:
        """Read a token that is a number; the default where it is none."""
        value = self.get(token, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else default  # noqa: PLR2004 - no limit of IRC is that large

    def is_channel(self, name: str) -> bool:
        """Return whether a target is a channel by its first character."""
        return name[:1] in self.chantypes if name else False

    def split_statusmsg(self, target: str) -> tuple[str, str]:
        """Part `@#chan` into `@` and `#chan`; any other target has no prefix."""
        name = target.lstrip(self.statusmsg) if self.statusmsg else target
        if name != target and self.is_channel(name):
            return target[: len(target) - len(name)], name
        return "", target

    def targets_per_join(self) -> int:
        """Return how many channels one JOIN may name (TARGMAX, else MAXTARGETS, else 10)."""
        for item in self.get("TARGMAX", "").split(","):
            command, _, limit = item.partition(":")
            if command.upper() == "JOIN":
                return int(limit[:9]) or 999 if limit.isascii() and limit.isdigit() else 999
        return max(1, self.number("MAXTARGETS", 10))
