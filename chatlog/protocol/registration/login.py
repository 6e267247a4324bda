"""Login while registering (SASL): choice of the mechanism, its exchange, meaning of a refusal.

A weaker mechanism never follows a refused password: an attacker between us and
the server could otherwise ask for the password itself. Without I/O; a response
that takes long to compute is handed out as the fact `Challenged`.
See https://ircv3.net/specs/extensions/sasl-3.2
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from chatlog.errors import UsageError
from chatlog.protocol import numerics
from chatlog.protocol.facts import Challenged
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

    from chatlog.protocol.facts import Turn
    from chatlog.protocol.message import Message

_CERTIFICATE: Final = "EXTERNAL"
_COMMAND: Final = "AUTHENTICATE"
_MAY_TRY_ON: Final = frozenset({numerics.ERR_SASLFAIL, "FAIL"})


class LoggingIn:
    """The login of one connection, from CAP to the account.

    `running` and `done` tell how far it is; `failure` is one line, for a person,
    and `failed_for_good` that another try would end the same.
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
        self._begun = ""  # the line that began the mechanism in use
        self._is_heard = False  # the mechanism in use has had an answer
        self._failures: set[str] = set()  # the numerics that ended the one before
        self._exchange: Exchange | None = None
        self._incoming = Incoming()
        self._computing = False  # the response to a challenge, in a thread

    def start(self, offered: str | None, turn: Turn) -> None:
        """Begin with the mechanisms that the server offers; None is no SASL at all."""
        if offered is None:
            # Services can be away for a while, and the capability goes with them.
            self._fail("the server offers no login (SASL) now", for_good=False)
            return
        self._offered = offered
        self._next(turn)

    def receive(self, message: Message, turn: Turn) -> None:
        """Act on a message about the login."""
        on = self.handled.get(message.command)
        if on and self.running:
            on(self, message, turn)

    def _is_late(self, code: str, turn: Turn) -> bool:
        """Return whether a failure is one more of the mechanism before.

        Some servers end an attempt with two numerics. What comes in the same read as
        the first one is surely late: the next attempt is not sent yet. After that,
        a failure is late if it comes before any answer to a mechanism that the
        server offers, and did not come before.
        """
        if not self._failures:
            return False
        is_offered = self._tried[-1] in self._offered.upper().split(",")
        is_new = code not in self._failures
        self._failures.add(code)
        return self._begun in turn.replies or (is_new and is_offered and not self._is_heard)

    def withdrawn(self) -> None:
        """Fail because the server takes SASL back, unless we are logged in."""
        if not self.done:
            self._fail("the server took back the login (SASL)", for_good=False)

    def go_on(self, response: bytes | str, turn: Turn) -> None:
        """Send a response that was computed; a string is the reason why there is none."""
        self._computing = False
        if not self.running:
            return
        if isinstance(response, str):
            turn.replies.append("AUTHENTICATE *")
            self._fail(response, for_good=True)
            return
        self._proved = True
        turn.replies += chunks(response)

    def _next(self, turn: Turn) -> None:
        """Begin with the best mechanism that is left."""
        try:
            mechanism = choose(self._settings, self._offered, tls=self._tls, tried=self._tried)
            if not mechanism:
                offered = self._offered or "none that we can"
                self._fail(f"no login (SASL) in common; offered: {offered}", for_good=True)
                return
            self._exchange = Exchange(self._settings, mechanism)
        except (ExchangeError, UsageError) as error:
            self._fail(str(error), for_good=True)
            return
        self._tried.append(mechanism)
        self._incoming, self._proved, self.running = Incoming(), False, True
        self._computing = self._is_heard = False
        self._begun = f"AUTHENTICATE {mechanism}"
        turn.replies.append(self._begun)

    def _on_authenticate(self, message: Message, turn: Turn) -> None:
        # A server waits for a response before it sends the next challenge. One that
        # does not must not make us start thread after thread.
        if self._exchange is None or not message.params or self._computing:
            return
        self._is_heard = True
        try:
            challenge = self._incoming.feed(message.params[0])
        except ExchangeError as error:
            self.go_on(str(error), turn)
            return
        if challenge is None:
            return
        if self._exchange.costly:
            self._computing = True
            turn.facts.append(Challenged(partial(_respond, self._exchange, challenge)))
        else:
            self.go_on(_respond(self._exchange, challenge), turn)

    def _on_success(self, _message: Message, _turn: Turn) -> None:
        try:
            if self._exchange is not None:
                self._exchange.check_success()
        except ExchangeError as error:
            self._fail(str(error), for_good=True)
            return
        self.done, self.running = True, False

    def _on_mechanisms(self, message: Message, _turn: Turn) -> None:
        if len(message.params) > 1:
            self._offered, self._is_heard = message.params[1], True

    def _on_failure(self, message: Message, turn: Turn) -> None:
        if self._is_late(message.command, turn):
            return
        said = message.params[-1] if message.params else message.command
        refused = self._tried[-1]
        # A certificate, or a mechanism that was never begun, gave no password away.
        if message.command in _MAY_TRY_ON and (not self._proved or refused == _CERTIFICATE):
            remaining = choose(self._settings, self._offered, tls=self._tls, tried=self._tried)
            if remaining:
                self._failures = {message.command}
                self._next(turn)
                return
        self._fail(f"the login (SASL {refused}) was refused: {said}", for_good=True)

    def _on_fail(self, message: Message, turn: Turn) -> None:
        """Take a FAIL of AUTHENTICATE for a failure.

        See https://ircv3.net/specs/extensions/standard-replies
        """
        if message.params[:1] == [_COMMAND]:
            self._on_failure(message, turn)

    def _on_error(self, message: Message, _turn: Turn) -> None:
        """End the login if an error of any number names AUTHENTICATE."""
        if message.params[1:2] == [_COMMAND]:
            why = f"the server takes no login (SASL) now: {message.params[-1]}"
            self._fail(why, for_good=False)

    def _fail(self, why: str, *, for_good: bool) -> None:
        self.running = False
        self.failure = self.failure or why
        self.failed_for_good = self.failed_for_good or for_good

    handled: ClassVar[dict[str, Callable[[LoggingIn, Message, Turn], None]]] = {
        **dict.fromkeys(numerics.ERRORS, _on_error),
        _COMMAND: _on_authenticate,
        "FAIL": _on_fail,
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
    """Return the response to a challenge, or a string that says why there is none."""
    try:
        return exchange.respond(challenge)
    except ExchangeError as error:
        return str(error)
