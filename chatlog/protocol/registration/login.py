"""Login during registration: the SASL mechanism, its exchange, and the meaning of a refusal.

A weaker mechanism never follows a refused password: whoever sits between us
and the server could otherwise ask for the password itself. Without I/O; what
costs time is handed out as work to be done elsewhere.
See https://ircv3.net/specs/extensions/sasl-3.2
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from chatlog.errors import UsageError
from chatlog.protocol import numerics
from chatlog.protocol.registration.sasl import (
    Exchange,
    ExchangeError,
    Incoming,
    Login,
    choose,
    chunks,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.message import Message

    Work = Callable[[], bytes | str]

_CERTIFICATE: Final = "EXTERNAL"


class LoggingIn:
    """The way from CAP to the account.

    `running` and `done` say how far it is; `failure` is one line, for a
    person, and `failed_for_good` that another try would end the same.
    """

    def __init__(self, login: Login, *, tls: bool) -> None:
        self.running = False
        self.done = False
        self.failure = ""
        self.failed_for_good = False
        self._settings = login
        self._tls = tls
        self._offered = ""
        self._tried: list[str] = []
        self._proved = False  # that the mechanism in use got something to judge us by
        self._exchange: Exchange | None = None
        self._incoming = Incoming()
        self._work: Work | None = None

    def start(self, offered: str | None) -> list[str]:
        """Begin with the mechanisms that the server offers; None if it has no SASL."""
        if offered is None:
            # Services can be away for a while, and the capability goes with them.
            return self._fail("the server offers no login (SASL) now", for_good=False)
        self._offered = offered
        return self._next()

    def receive(self, message: Message) -> list[str]:
        """Handle a line about the login; return the lines to answer."""
        on = self.handled.get(message.command)
        return on(self, message) if on and self.running else []

    def withdrawn(self) -> list[str]:
        """Note that the server takes SASL back."""
        if self.done:
            return []
        return self._fail("the server took back the login (SASL)", for_good=False)

    def take_work(self) -> Work | None:
        """Return work to run off the loop, once."""
        work, self._work = self._work, None
        return work

    def go_on(self, response: bytes | str) -> list[str]:
        """Continue with a computed response, or with the reason why there is none."""
        if not self.running:
            return []
        if isinstance(response, str):
            return ["AUTHENTICATE *", *self._fail(response, for_good=True)]
        self._proved = True
        return chunks(response)

    def _next(self) -> list[str]:
        try:
            mechanism = choose(self._settings, self._offered, tls=self._tls, tried=self._tried)
            if not mechanism:
                offered = self._offered or "none that we can"
                return self._fail(f"no login (SASL) in common; offered: {offered}", for_good=True)
            self._exchange = Exchange(self._settings, mechanism)
        except (ExchangeError, UsageError) as error:
            return self._fail(str(error), for_good=True)
        self._tried.append(mechanism)
        self._incoming, self._proved, self.running = Incoming(), False, True
        return [f"AUTHENTICATE {mechanism}"]

    def _on_authenticate(self, message: Message) -> list[str]:
        if self._exchange is None or not message.params:
            return []
        try:
            challenge = self._incoming.feed(message.params[0])
        except ExchangeError as error:
            return self.go_on(str(error))
        if challenge is None:
            return []
        if self._exchange.costly:
            self._work = partial(_respond, self._exchange, challenge)
            return []
        return self.go_on(_respond(self._exchange, challenge))

    def _on_success(self, _message: Message) -> list[str]:
        try:
            if self._exchange is not None:
                self._exchange.check_success()
        except ExchangeError as error:
            return self._fail(str(error), for_good=True)
        self.done, self.running = True, False
        return []

    def _on_mechanisms(self, message: Message) -> list[str]:
        if len(message.params) > 1:
            self._offered = message.params[1]
        return []

    def _on_failure(self, message: Message) -> list[str]:
        said = message.params[-1] if message.params else message.command
        refused = self._tried[-1]
        # A certificate, or a mechanism that was never begun, gave no password away.
        if message.command == numerics.ERR_SASLFAIL and (
            not self._proved or refused == _CERTIFICATE
        ):
            remaining = choose(self._settings, self._offered, tls=self._tls, tried=self._tried)
            if remaining:
                return self._next()
        return self._fail(f"the login (SASL {refused}) was refused: {said}", for_good=True)

    def _fail(self, why: str, *, for_good: bool) -> list[str]:
        self.running = False
        self.failure = self.failure or why
        self.failed_for_good = self.failed_for_good or for_good
        return []

    handled: ClassVar[dict[str, Callable[[LoggingIn, Message], list[str]]]] = {
        "AUTHENTICATE": _on_authenticate,
        numerics.RPL_SASLSUCCESS: _on_success,
        numerics.ERR_SASLALREADY: _on_success,
        numerics.RPL_SASLMECHS: _on_mechanisms,
        **dict.fromkeys(
            (
                numerics.ERR_NICKLOCKED,
                numerics.ERR_SASLFAIL,
                numerics.ERR_SASLTOOLONG,
                numerics.ERR_SASLABORTED,
            ),
            _on_failure,
        ),
    }


def _respond(exchange: Exchange, challenge: bytes) -> bytes | str:
    """Return the response to a challenge, or in a word why there is none."""
    try:
        return exchange.respond(challenge)
    except ExchangeError as error:
        return str(error)
