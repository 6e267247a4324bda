"""Registration: password, capabilities, login and nick, until the server welcomes us.

NICK and USER are sent at once and not after the capabilities are known: some
servers never answer CAP. Where a login is configured, the way to the welcome
leads through it: without it we rather leave.
See https://ircv3.net/specs/extensions/capability-negotiation,
https://ircv3.net/specs/extensions/sasl-3.2
and https://modern.ircdocs.horse/#connection-registration
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from chatlog.protocol import numerics
from chatlog.protocol.registration.login import LoggingIn
from chatlog.protocol.registration.sasl import Login  # noqa: TC001 - a field of a Struct
from chatlog.protocol.registration.sts import StsPolicy, parse_sts
from chatlog.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.protocol.message import Message
    from chatlog.protocol.registration.login import Work

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
    "draft/channel-rename": "a channel's new name, without leaving it",
    "draft/chathistory": "what was said while nobody heard it",
    "draft/event-playback": "who came and went meanwhile",
    "labeled-response": "which answer belongs to which question",
}
"""The capabilities that are requested where offered, each with what it is for."""

MAX_NICK_TRIES: Final = 6
_SASL: Final = "sasl"
_MAX_REQUEST: Final = 400
_CONTINUED: Final = 4

_REFUSALS: Final = {
    numerics.ERR_ERRONEUSNICKNAME: "the server does not take the nick; choose another with --nick",
    numerics.ERR_PASSWDMISMATCH: "the server wants another password; see --password-file",
    numerics.ERR_YOUREBANNEDCREEP: "we are banned from this server",
}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who we say we are, and how we prove it.

    `alternates` are the nicks to try when `nick` is in use; `password` is the
    server's; `nickserv` that of the account that owns the nick, for networks
    without SASL; `capabilities` are requested beside those that we always want.
    """

    nick: str
    alternates: tuple[str, ...] = ()
    user: str = "chatlog"
    realname: str = "chatlog, recording this channel"
    user_modes: str = ""
    password: Secret = Secret()
    login: Login | None = None
    nickserv: Secret = Secret()
    capabilities: tuple[str, ...] = ()


class Registration:
    """The conversation from the connection to RPL_WELCOME, and CAP after it.

    `refused` says in one line why there will be no welcome, `refused_for_good`
    that coming back will not help. `sts` is the policy that the server
    declared; where `must_use_tls` says so, nothing but leaving follows from it.
    """

    def __init__(self, identity: Identity, *, tls: bool = False) -> None:
        self.identity = identity
        self.nick = identity.nick
        self.enabled: set[str] = set()
        self.offered: dict[str, str] = {}
        self.registered = False
        self.refused = ""
        self.refused_for_good = False
        self.sts: StsPolicy | None = None
        self.must_use_tls = False
        self._tls = tls
        self._login = LoggingIn(identity.login, tls=tls) if identity.login else None
        self._negotiating = True
        self._listed = False
        self._unanswered = 0
        self._nick_tries = 0

    def start(self) -> list[str]:
        """Return the first lines of a connection."""
        who = self.identity
        password = [f"PASS :{who.password.reveal()}"] if who.password else []
        return [*password, "CAP LS 302", f"NICK {who.nick}", f"USER {who.user} 0 * :{who.realname}"]

    def receive(self, message: Message) -> list[str]:
        """Handle one line of the server; return the lines to answer."""
        on = self.handled.get(message.command)
        return on(self, message) if on else []

    def take_work(self) -> Work | None:
        """Return work to run off the loop, once; its result goes to `go_on`."""
        return self._login.take_work() if self._login else None

    def go_on(self, response: bytes | str) -> list[str]:
        """Continue with the result of the work: a response, or the reason why there is none."""
        return self._after_login(self._login.go_on(response)) if self._login else []

    @property
    def stage(self) -> str:
        """Return what the registration waits for, to explain a time-out."""
        if self._login and self._login.running:
            return "the answer to our login (SASL)"
        return "the welcome" if self._listed else "any answer"

    # -- capabilities ------------------------------------------------------------

    def _on_cap(self, message: Message) -> list[str]:
        params = message.params
        on = self._cap.get(params[1].upper()) if len(params) > 1 else None
        return on(self, params) if on else []

    def _on_ls(self, params: list[str]) -> list[str]:
        self._note_offered(params)
        if len(params) >= _CONTINUED and params[2] == "*":
            return []
        self._listed = True
        if not self.registered:
            self.sts = parse_sts(self.offered.get("sts", ""))
            self.must_use_tls = bool(not self._tls and self.sts and self.sts.port)
        if self.must_use_tls:
            return []
        return self._request(self._wanted_in_order()) or self._end()

    def _wanted_in_order(self) -> list[str]:
        names = [*WANTED, *self.identity.capabilities]
        return [*names, _SASL] if self._login else names

    def _on_new(self, params: list[str]) -> list[str]:
        names = self._note_offered(params)
        if self._tls and "sts" in names:
            self.sts = parse_sts(self.offered["sts"])
        return self._request(names)

    def _note_offered(self, params: list[str]) -> list[str]:
        pairs = [item.partition("=") for item in params[-1].split()]
        self.offered.update((name, value) for name, _, value in pairs)
        return [name for name, _, _ in pairs]

    def _is_wanted(self, name: str) -> bool:
        if name == _SASL:
            return self._login is not None and not self.registered
        return name in WANTED or name in self.identity.capabilities

    def _request(self, names: Iterable[str]) -> list[str]:
        """Request the wanted, offered and missing capabilities, in lines of bounded length."""
        lines, line = [], ""
        for name in names:
            if not self._is_wanted(name) or name not in self.offered or name in self.enabled:
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
        names = [name for name in params[-1].split() if self._is_wanted(name)]
        if len(names) <= 1:
            return self._answered()
        self._unanswered += len(names) - 1
        return [f"CAP REQ :{name}" for name in names]

    def _on_del(self, params: list[str]) -> list[str]:
        names = params[-1].split()
        for name in names:
            self.offered.pop(name, None)
            self.enabled.discard(name)
        if _SASL in names and self._login and not self.registered:
            return self._after_login(self._login.withdrawn())
        return []

    def _answered(self) -> list[str]:
        self._unanswered = max(0, self._unanswered - 1)
        return [] if self._unanswered else self._end()

    def _end(self) -> list[str]:
        """End the negotiation, by way of the login where there is one."""
        if self.registered or not self._negotiating:
            return []
        if self._login and not self._login.done:
            if self._login.running:
                return []
            offered = self.offered.get(_SASL) if _SASL in self.enabled else None
            return self._after_login(self._login.start(offered))
        self._negotiating = False
        return ["CAP END"]

    # -- login -------------------------------------------------------------------

    def _on_login(self, message: Message) -> list[str]:
        return self._after_login(self._login.receive(message)) if self._login else []

    def _after_login(self, lines: list[str]) -> list[str]:
        assert self._login is not None  # noqa: S101 - only its answers come here
        if self._login.failure and not self.registered:
            self._refuse(self._login.failure, for_good=self._login.failed_for_good)
        elif self._login.done:
            lines = [*lines, *self._end()]
        return lines

    def _refuse(self, why: str, *, for_good: bool) -> None:
        self.refused = self.refused or why
        self.refused_for_good = self.refused_for_good or for_good

    # -- welcome and nick ----------------------------------------------------------

    def _on_welcome(self, message: Message) -> list[str]:
        if message.params and message.params[0] not in ("", "*"):
            self.nick = message.params[0]
        if self._login and not self._login.done:
            self._refuse("the server welcomed us without a login (SASL)", for_good=False)
        if self.refused:
            return []
        self.registered = True
        self._negotiating = False
        return self._introduction()

    def _introduction(self) -> list[str]:
        """Return the lines to send before joining: the login to services, and our modes."""
        who, lines = self.identity, []
        if who.nickserv:
            account = "" if self.nick == who.nick else f"{who.nick} "
            lines.append(f"PRIVMSG NickServ :IDENTIFY {account}{who.nickserv.reveal()}")
        if who.user_modes:
            lines.append(f"MODE {self.nick} {who.user_modes}")
        return lines

    def _on_nick_in_use(self, message: Message) -> list[str]:
        # The same numeric also speaks of channels that cannot be joined now.
        if self.registered or not self._speaks_of_our_nick(message):
            return []
        self._nick_tries += 1
        nicks = [*self.identity.alternates, *_alternates(self.identity.nick)]
        if self._nick_tries > len(nicks):
            self._refuse(
                f"the nick {self.identity.nick} and its alternates are in use", for_good=False
            )
            return []
        self.nick = nicks[self._nick_tries - 1]
        return [f"NICK {self.nick}"]

    def _speaks_of_our_nick(self, message: Message) -> bool:
        return len(message.params) < 2 or message.params[1][:1] not in "#&+!"  # noqa: PLR2004 - client and nick

    def _on_refused(self, message: Message) -> list[str]:
        if not self.registered:
            said = message.params[-1] if message.params else ""
            self._refuse(f"{_REFUSALS[message.command]} ({said})", for_good=True)
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
        **dict.fromkeys(LoggingIn.handled, _on_login),
    }


def _alternates(wanted: str) -> list[str]:
    return [alternate_nick(wanted, attempt) for attempt in range(1, MAX_NICK_TRIES)]


def alternate_nick(wanted: str, attempt: int) -> str:
    """Return another nick to try; attempts count from 1 and all differ.

    Servers cut a long nick without a word, so later attempts replace the end
    and do not only add to it: nine characters are always taken.
    """
    if attempt <= 2:  # noqa: PLR2004 - nick_ and nick__ are what people know
        return wanted + "_" * attempt
    return f"{wanted[:7]}{attempt:02d}"
