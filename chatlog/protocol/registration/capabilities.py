"""Registration: password, capabilities, login and nick, until the server welcomes us.

NICK and USER are sent at once and not after the capabilities are known: some
servers never answer CAP. If a login is configured, there is no registration
without it: we rather leave.
See https://ircv3.net/specs/extensions/capability-negotiation,
https://ircv3.net/specs/extensions/sasl-3.2
and https://modern.ircdocs.horse/#connection-registration
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from chatlog.protocol import numerics
from chatlog.protocol.facts import PolicyDeclared, RegistrationRefused, TlsRequired, Welcomed
from chatlog.protocol.registration.login import LoggingIn
from chatlog.protocol.registration.sasl import Login  # noqa: TC001 - a field of a Struct
from chatlog.protocol.registration.sts import StsPolicy, parse_sts
from chatlog.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.protocol.facts import Turn
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
    "draft/channel-rename": "a channel's new name, without leaving it",
    "draft/relaymsg": "which relay sent a line in the name of another",
    "draft/chathistory": "what was said while nobody heard it",
    "draft/event-playback": "who came and went meanwhile",
    "draft/message-redaction": "which messages were taken back",
    "draft/multiline": "a message of several lines as the one that it is",
    "labeled-response": "which answer belongs to which question",
}
"""The capabilities to request if they are offered, each with its use."""

MAX_NICK_TRIES: Final = 6
_SASL: Final = "sasl"
_STS: Final = "sts"
_MAX_REQUEST: Final = 400
_CONTINUED: Final = 4

_REFUSALS: Final = {
    numerics.ERR_ERRONEUSNICKNAME: "the server does not take the nick; choose another with --nick",
    numerics.ERR_PASSWDMISMATCH: "the server wants another password; see --password-file",
    numerics.ERR_YOUREBANNEDCREEP: "we are banned from this server",
    "FAIL": "the server lets nobody in without an account; see --sasl",
}
_NEEDS_LOGIN: Final = "ACCOUNT_REQUIRED"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Nick, user and realname to register with, and the passwords that prove them.

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

    def secrets(self) -> Iterator[Secret]:
        """Yield the passwords, and the login as SASL PLAIN sends it."""
        yield from (self.password, self.nickserv)
        if self.login is not None:
            yield from self.login.secrets()


class Registration:
    """The registration of one connection, up to RPL_WELCOME, and its CAP after that.

    `refused` is the reason why there will be no welcome, in one line;
    `refused_for_good` tells that another try will not help. `sts` is the policy
    that the server declared; if `must_use_tls`, no later message counts. `mask` hides
    the secrets in texts of the server.
    Each way to its end adds a fact to the turn, once.
    """

    def __init__(
        self, identity: Identity, *, tls: bool = False, mask: Callable[[str], str] = str
    ) -> None:
        self.identity = identity
        self._mask = mask
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

    def receive(self, message: Message, turn: Turn) -> None:
        """Act on a message of the server, if it concerns the registration."""
        on = self.handled.get(message.command)
        if on:
            on(self, message, turn)

    def go_on(self, response: bytes | str, turn: Turn) -> None:
        """Continue with the computed response to a SASL challenge, or the reason for none."""
        if self._login:
            self._login.go_on(response, turn)
            self._after_login(turn)

    @property
    def stage(self) -> str:
        """Name the answer that we wait for, to explain a time-out."""
        if self._login and self._login.running:
            return "the answer to our login (SASL)"
        return "the welcome" if self._listed else "any answer"

    # -- capabilities ------------------------------------------------------------

    def _on_cap(self, message: Message, turn: Turn) -> None:
        params = message.params
        on = self._cap.get(params[1].upper()) if len(params) > 1 else None
        if on:
            on(self, params, turn)

    def _on_ls(self, params: list[str], turn: Turn) -> None:
        names = self._note_offered(params)
        if _STS in names and not self.registered:
            self._on_policy(turn)
        if self.must_use_tls or (len(params) >= _CONTINUED and params[2] == "*"):
            return
        self._listed = True
        if requests := self._requests(self._wanted_in_order()):
            turn.replies += requests
        else:
            self._end(turn)

    def _wanted_in_order(self) -> list[str]:
        names = [*WANTED, *self.identity.capabilities]
        return [*names, _SASL] if self._login else names

    def _on_new(self, params: list[str], turn: Turn) -> None:
        names = self._note_offered(params)
        if self._tls and _STS in names:
            self._on_policy(turn)
        turn.replies += self._requests(names)

    def _on_policy(self, turn: Turn) -> None:
        """Obey an STS policy at once: the connection may end with the next line."""
        self.sts = parse_sts(self.offered[_STS])
        if self._tls and self.sts:
            turn.facts.append(PolicyDeclared())
        elif self.sts and self.sts.port:
            self.must_use_tls = True
            turn.facts.append(TlsRequired())

    def _note_offered(self, params: list[str]) -> list[str]:
        """Keep the capabilities of a line that we know; return them, each once."""
        pairs = [item.partition("=") for item in params[-1].split()]
        known = {name: value for name, _, value in pairs if self._is_known(name)}
        self.offered.update(known)
        return list(known)

    def _is_known(self, name: str) -> bool:
        """Return whether a capability has a use for us: a server may name others without end."""
        return name in WANTED or name in (_SASL, _STS, *self.identity.capabilities)

    def _is_wanted(self, name: str) -> bool:
        if name == _SASL:
            return self._login is not None and not self.registered
        return name in WANTED or name in self.identity.capabilities

    def _requests(self, names: Iterable[str]) -> list[str]:
        """Request the capabilities that are wanted, offered and not yet ours, in bounded lines."""
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

    def _on_ack(self, params: list[str], turn: Turn) -> None:
        for name in params[-1].split():
            if name.startswith("-"):
                self.enabled.discard(name[1:])
            elif self._is_known(name := name.lstrip("~=")):
                self.enabled.add(name)
        self._answered(turn)

    def _on_nak(self, params: list[str], turn: Turn) -> None:
        # A server takes a request whole or not at all: ask for each on its own.
        names = [name for name in dict.fromkeys(params[-1].split()) if self._is_wanted(name)]
        if len(names) <= 1:
            self._answered(turn)
            return
        self._unanswered += len(names) - 1
        turn.replies += [f"CAP REQ :{name}" for name in names]

    def _on_del(self, params: list[str], turn: Turn) -> None:
        names = params[-1].split()
        for name in names:
            self.offered.pop(name, None)
            self.enabled.discard(name)
        if _SASL in names and self._login and not self.registered:
            self._login.withdrawn()
            self._after_login(turn)

    def _answered(self, turn: Turn) -> None:
        self._unanswered = max(0, self._unanswered - 1)
        if not self._unanswered:
            self._end(turn)

    def _end(self, turn: Turn) -> None:
        """End the negotiation, after the login if there is one."""
        if self.registered or not self._negotiating:
            return
        if self._login and not self._login.done:
            if not self._login.running:
                offered = self.offered.get(_SASL) if _SASL in self.enabled else None
                self._login.start(offered, turn)
                self._after_login(turn)
            return
        self._negotiating = False
        turn.replies.append("CAP END")

    def _on_unknown_command(self, message: Message, turn: Turn) -> None:
        """End the wait for a request of ours that the server does not take."""
        if message.command != numerics.ERR_INVALIDCAPCMD and message.params[1:2] != ["CAP"]:
            self._on_login(message, turn)
        elif self._listed and self._unanswered:
            self._answered(turn)

    # -- login -------------------------------------------------------------------

    def _on_login(self, message: Message, turn: Turn) -> None:
        if self._login:
            self._login.receive(message, turn)
            self._after_login(turn)

    def _on_fail(self, message: Message, turn: Turn) -> None:
        """Act on the FAIL of a login, or of a server that demands an account of all clients.

        A FAIL of NICK comes beside a numeric that says the same.
        See https://ircv3.net/specs/extensions/standard-replies
        """
        if self._login:
            self._on_login(message, turn)
        elif "".join(message.params[1:2]).startswith(_NEEDS_LOGIN):
            self._on_refused(message, turn)

    def _after_login(self, turn: Turn) -> None:
        """Draw the conclusion from a login that has failed, or is done."""
        assert self._login is not None  # noqa: S101 - only its answers come here
        if self._login.failure and not self.registered:
            self._refuse(self._login.failure, turn, for_good=self._login.failed_for_good)
        elif self._login.done:
            self._end(turn)

    def _refuse(self, why: str, turn: Turn, *, for_good: bool) -> None:
        """End the registration; the first reason counts, without the secrets in it."""
        self.refused_for_good = self.refused_for_good or for_good
        if not self.refused:
            self.refused = self._mask(why)
            turn.facts.append(RegistrationRefused(self.refused))

    # -- welcome and nick ----------------------------------------------------------

    def _on_welcome(self, message: Message, turn: Turn) -> None:
        if message.params and message.params[0] not in ("", "*"):
            self.nick = message.params[0]
        if self._login and not self._login.done:
            why = "the server welcomed us without a login (SASL)"
            self._refuse(why, turn, for_good=False)
        if self.refused:
            return
        if not self.registered:
            turn.facts.append(Welcomed(self.nick))
        self.registered = True
        self._negotiating = False
        turn.replies += self._introduction()

    def _introduction(self) -> list[str]:
        """Return the lines to send before any JOIN: to services, and for our modes."""
        who, lines = self.identity, []
        if who.nickserv:
            account = "" if self.nick == who.nick else f"{who.nick} "
            lines.append(f"PRIVMSG NickServ :IDENTIFY {account}{who.nickserv.reveal()}")
        if who.user_modes:
            lines.append(f"MODE {self.nick} {who.user_modes}")
        return lines

    def _on_nick_in_use(self, message: Message, turn: Turn) -> None:
        # The same numeric also speaks of channels that cannot be joined now.
        if self.registered or not self._speaks_of_our_nick(message):
            return
        self._nick_tries += 1
        nicks = [*self.identity.alternates, *_alternates(self.identity.nick)]
        if self._nick_tries > len(nicks):
            why = f"the nick {self.identity.nick} and its alternates are in use"
            self._refuse(why, turn, for_good=False)
            return
        self.nick = nicks[self._nick_tries - 1]
        turn.replies.append(f"NICK {self.nick}")

    def _speaks_of_our_nick(self, message: Message) -> bool:
        return len(message.params) < 2 or message.params[1][:1] not in "#&+!"  # noqa: PLR2004 - client and nick

    def _on_refused(self, message: Message, turn: Turn) -> None:
        if not self.registered:
            said = message.params[-1] if message.params else ""
            self._refuse(f"{_REFUSALS[message.command]} ({said})", turn, for_good=True)

    _cap: ClassVar[dict[str, Callable[[Registration, list[str], Turn], None]]] = {
        "LS": _on_ls,
        "NEW": _on_new,
        "ACK": _on_ack,
        "NAK": _on_nak,
        "DEL": _on_del,
    }
    handled: ClassVar[dict[str, Callable[[Registration, Message, Turn], None]]] = {
        **dict.fromkeys(LoggingIn.handled, _on_login),
        numerics.ERR_INVALIDCAPCMD: _on_unknown_command,
        numerics.ERR_UNKNOWNCOMMAND: _on_unknown_command,
        "CAP": _on_cap,
        numerics.RPL_WELCOME: _on_welcome,
        numerics.ERR_NICKNAMEINUSE: _on_nick_in_use,
        numerics.ERR_NICKCOLLISION: _on_nick_in_use,
        numerics.ERR_UNAVAILRESOURCE: _on_nick_in_use,
        **dict.fromkeys(_REFUSALS, _on_refused),
        "FAIL": _on_fail,
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
