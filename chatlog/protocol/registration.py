"""What to say until the server welcomes us: capabilities and a nick.

NICK and USER are sent at once and not after the capabilities are known: some
servers never answer CAP.
See https://ircv3.net/specs/extensions/capability-negotiation
and https://modern.ircdocs.horse/#connection-registration
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from chatlog.protocol import numerics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.protocol.message import Message

WANTED: Final = {
    "server-time": "when a line was said, by the server's clock",
    "message-tags": "message ids, reactions and replies",
    "account-tag": "who is logged in as whom, on each line",
    "echo-message": "our own lines as others see them",
    "batch": "which lines are history, and which quits are a netsplit",
    "multi-prefix": "every status of a member in the list of names",
    "userhost-in-names": "who the members are, in the list of names",
    "extended-join": "account and realname of who joins",
    "account-notify": "when somebody logs in or out",
    "away-notify": "when somebody goes away or comes back",
    "chghost": "a changed host as what it is, not as quit and join",
    "setname": "a changed realname",
    "invite-notify": "who invites whom",
    "cap-notify": "when the server changes its capabilities",
}
"""The capabilities that are requested where offered, each with what it is for."""

MAX_NICK_TRIES: Final = 6
_MAX_REQUEST: Final = 400
_CONTINUED: Final = 4

_REFUSALS: Final = {
    numerics.ERR_ERRONEUSNICKNAME: "the server does not take the nick; choose another with --nick",
    numerics.ERR_PASSWDMISMATCH: "the server wants another password",
    numerics.ERR_YOUREBANNEDCREEP: "we are banned from this server",
}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who we say we are."""

    nick: str
    user: str = "chatlog"
    realname: str = "chatlog, recording this channel"


class Registration:
    """The conversation from the connection to RPL_WELCOME, and CAP after it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.nick = identity.nick
        self.enabled: set[str] = set()
        self.offered: dict[str, str] = {}
        self.registered = False
        self.refused = ""
        self.refused_for_good = False
        self._negotiating = True
        self._unanswered = 0
        self._nick_tries = 0

    def start(self) -> list[str]:
        """Say what a fresh connection begins with."""
        who = self.identity
        return ["CAP LS 302", f"NICK {who.nick}", f"USER {who.user} 0 * :{who.realname}"]

    def receive(self, message: Message) -> list[str]:
        """Take one line of the server and return what to answer."""
        on = self.handled.get(message.command)
        return on(self, message) if on else []

    def _on_cap(self, message: Message) -> list[str]:
        params = message.params
        on = self._cap.get(params[1].upper()) if len(params) > 1 else None
        return on(self, params) if on else []

    def _on_ls(self, params: list[str]) -> list[str]:
        self._note_offered(params)
        if len(params) >= _CONTINUED and params[2] == "*":
            return []
        return self._request(WANTED) or self._end()

    def _on_new(self, params: list[str]) -> list[str]:
        return self._request(self._note_offered(params))

    def _note_offered(self, params: list[str]) -> list[str]:
        pairs = [item.partition("=") for item in params[-1].split()]
        self.offered.update((name, value) for name, _, value in pairs)
        return [name for name, _, _ in pairs]

    def _request(self, names: Iterable[str]) -> list[str]:
        """Request what is wanted, offered and not yet ours, in lines of bounded length."""
        lines, line = [], ""
        for name in names:
            if name not in WANTED or name not in self.offered or name in self.enabled:
                continue
            if len(line) + len(name) >= _MAX_REQUEST:
                lines.append(line)
                line = ""
            line += f" {name}"
        lines += [line] if line else []
        self._unanswered += len(lines)
        return [f"CAP REQ :{line.strip()}" for line in lines]

    def _on_ack(self, params: list[str]) -> list[str]:
        for name in params[-1].split():
            if name.startswith("-"):
                self.enabled.discard(name[1:])
            else:
                self.enabled.add(name.lstrip("~="))
        return self._answered()

    def _on_nak(self, params: list[str]) -> list[str]:
        # A request is taken whole or not at all: ask for each on its own.
        names = [name for name in params[-1].split() if name in WANTED]
        if len(names) <= 1:
            return self._answered()
        self._unanswered += len(names) - 1
        return [f"CAP REQ :{name}" for name in names]

    def _on_del(self, params: list[str]) -> list[str]:
        for name in params[-1].split():
            self.offered.pop(name, None)
            self.enabled.discard(name)
        return []

    def _answered(self) -> list[str]:
        self._unanswered = max(0, self._unanswered - 1)
        return [] if self._unanswered else self._end()

    def _end(self) -> list[str]:
        if self.registered or not self._negotiating:
            return []
        self._negotiating = False
        return ["CAP END"]

    def _on_welcome(self, message: Message) -> list[str]:
        self.registered = True
        self._negotiating = False
        if message.params and message.params[0] not in ("", "*"):
            self.nick = message.params[0]
        return []

    def _on_nick_in_use(self, message: Message) -> list[str]:
        # The same numeric also speaks of channels that cannot be joined now.
        if self.registered or not self._speaks_of_our_nick(message):
            return []
        self._nick_tries += 1
        if self._nick_tries >= MAX_NICK_TRIES:
            self.refused = f"the nick {self.identity.nick} and its alternates are in use"
            return []
        self.nick = alternate_nick(self.identity.nick, self._nick_tries)
        return [f"NICK {self.nick}"]

    def _speaks_of_our_nick(self, message: Message) -> bool:
        return len(message.params) < 2 or message.params[1][:1] not in "#&+!"  # noqa: PLR2004 - client and nick

    def _on_refused(self, message: Message) -> list[str]:
        if not self.registered:
            said = message.params[-1] if message.params else ""
            self.refused = f"{_REFUSALS[message.command]} ({said})"
            self.refused_for_good = True
        return []

    _cap: ClassVar[dict[str, Callable[[Registration, list[str]], list[str]]]] = {
        "LS": _on_ls,
        "NEW": _on_new,
        "ACK": _on_ack,
        "NAK": _on_nak,
        "DEL": _on_del,
    }
    handled: ClassVar[dict[str, Callable[[Registration, Message], list[str]]]] = {
        "CAP": _on_cap,
        numerics.RPL_WELCOME: _on_welcome,
        numerics.ERR_NICKNAMEINUSE: _on_nick_in_use,
        numerics.ERR_NICKCOLLISION: _on_nick_in_use,
        numerics.ERR_UNAVAILRESOURCE: _on_nick_in_use,
        **dict.fromkeys(_REFUSALS, _on_refused),
    }


def alternate_nick(wanted: str, attempt: int) -> str:
    """Return another nick to try; attempts count from 1 and all differ.

    Servers cut a long nick without a word, so later attempts replace the end
    and do not only add to it: nine characters are always taken.
    """
    if attempt <= 2:  # noqa: PLR2004 - nick_ and nick__ are what people know
        return wanted + "_" * attempt
    return f"{wanted[:7]}{attempt:02d}"
