"""Accounts of the people in our channels, where no tag tells them with each line.

A server without account-tag is asked once for each channel that we join (WHOX), one
channel after the other, and not for large ones. JOIN with extended-join and ACCOUNT keep
the table up to date. It serves live lines only: in history, a nick may have been
somebody else's.
See https://ircv3.net/specs/extensions/whox
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol import numerics

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State

TOKEN: Final = "734"  # noqa: S105 - no secret
"""Marks the answers to our own requests: up to three digits."""

MAX_ASKED: Final = 500
"""Members of the largest channel that is asked for."""

MAX_ACCOUNTS: Final = 50_000
"""People whose accounts are known; those of further ones are not kept."""

LONGEST_ANSWER: Final = 60.0
"""Seconds after which the next channel is asked for though the answer has no end."""

_LONGEST: Final = 128
_NONE: Final = frozenset({"", "*", "0"})
_EXTENDED: Final = 3


class Accounts:
    """The known accounts of one connection.

    `on_change` is called after one became known, or is known no more. `changed` tells that
    there is a channel to ask for. `state.whox` is the channel whose answer is under way,
    folded, so that its lines become no events.
    """

    def __init__(self, state: State) -> None:
        self.changed = False
        self.on_change: Callable[[], None] = _nothing
        self._state = state
        self._of: dict[str, str] = {}
        self._answered: dict[str, str] = {}
        # Folded, so that a server that lets us in again and again adds no entry.
        self._joined: set[str] = set()
        self._to_ask: dict[str, None] = {}
        self._until = 0.0
        self._is_refused = False

    def of(self, nick: str) -> str:
        """Return the account of a member of our channels; "" if it is unknown or none."""
        return self._of.get(self._state.isupport.casemapping[nick], "") if self._of else ""

    def release(self) -> None:
        """Drop `on_change`, which may refer back to this object."""
        self.on_change = _nothing

    def clear(self) -> None:
        """Forget all accounts, as when the CASEMAPPING changes."""
        if self._of:
            self._of.clear()
            self.on_change()

    def ask(self, now: float) -> list[str]:
        """Return the next request if it is time, by a clock in seconds that only advances."""
        self.changed = False
        state = self._state
        if state.whox and now < self._until:
            return []
        state.whox = ""
        self._answered.clear()
        while self._to_ask:
            channel = next(iter(self._to_ask))
            del self._to_ask[channel]
            if self._is_of_use() and (name := state.membership.name(channel)):
                state.whox, self._until = state.isupport.casemapping[name], now + LONGEST_ANSWER
                return [f"WHO {name} %tna,{TOKEN}"]
        return []

    @property
    def next_at(self) -> float | None:
        """When `ask` has something to do if nothing comes before."""
        return self._until if self._state.whox and self._to_ask else None

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the commands that tell of accounts; they follow the members."""
        return {
            "JOIN": self._on_join,
            "ACCOUNT": self._on_account,
            "NICK": self._on_nick,
            "QUIT": self._on_leaving,
            "PART": self._on_leaving,
            "KICK": self._on_kick,
            numerics.RPL_ENDOFNAMES: self._on_end_of_names,
            numerics.RPL_WHOSPCRPL: self._on_answer,
            numerics.RPL_ENDOFWHO: self._on_end,
            numerics.ERR_UNKNOWNCOMMAND: self._on_refused,
            "FAIL": self._on_refused,
        }

    def _is_of_use(self) -> bool:
        """Return whether a request can tell more than the tags of each line."""
        state = self._state
        is_known = "WHOX" in state.isupport and not self._is_refused
        return is_known and "account-tag" not in state.capabilities

    def _on_join(self, line: Line, _turn: Turn) -> None:
        if not (line.params and self._is_of_use()):
            return
        if self._state.is_me(line.source.nick):
            name = self._state.membership.name(line.params[0])
            self._joined.add(self._state.isupport.casemapping[name])
        elif len(line.params) >= _EXTENDED and self._is_member(line.source.nick):
            self._set(line.source.nick, line.params[1])

    def _on_account(self, line: Line, _turn: Turn) -> None:
        if line.params and self._is_of_use() and self._is_member(line.source.nick):
            self._set(line.source.nick, line.params[0])

    def _on_nick(self, line: Line, _turn: Turn) -> None:
        account = self._forget(line.source.nick)
        if account and line.params:
            self._set(line.params[0], account)

    def _on_leaving(self, line: Line, _turn: Turn) -> None:
        self._left(line.source.nick)

    def _on_kick(self, line: Line, _turn: Turn) -> None:
        self._left("".join(line.params[1:2]))

    def _on_end_of_names(self, line: Line, _turn: Turn) -> None:
        name = self._state.membership.name(line.params[1]) if len(line.params) > 1 else ""
        folded = self._state.isupport.casemapping[name]
        if name and folded in self._joined and self._is_of_use():
            self._joined.discard(folded)
            if 1 < len(self._state.membership.members(name)) <= MAX_ASKED:
                self._to_ask[folded] = None
                self.changed = True

    def _on_answer(self, line: Line, _turn: Turn) -> None:
        """Keep the account of one member until the answer is complete."""
        if is_own_answer(self._state, line) and len(line.params) == 4:  # noqa: PLR2004 - client, token, nick, account
            nick, account = line.params[2:]
            if self._is_member(nick) and account not in _NONE and len(self._answered) < MAX_ASKED:
                self._answered[nick] = account

    def _on_end(self, line: Line, _turn: Turn) -> None:
        if is_own_end(self._state, line):
            for nick, account in self._answered.items():
                self._keep(nick, account)
            if self._answered:
                self.on_change()
            self._go_on()

    def _on_refused(self, line: Line, _turn: Turn) -> None:
        """Ask no more if the server does not take WHO; a FAIL may be of this channel alone."""
        if self._state.whox and "WHO" in line.params[:2]:
            self._is_refused = line.message.command != "FAIL"
            self._go_on()

    def _go_on(self) -> None:
        self._state.whox = ""
        self._answered.clear()
        self.changed = bool(self._to_ask)

    def _left(self, nick: str) -> None:
        if self._of and not self._is_member(nick):
            self._forget(nick)

    def _is_member(self, nick: str) -> bool:
        return bool(self._state.membership.channels_of(nick))

    def _set(self, nick: str, account: str) -> None:
        if self.of(nick) != ("" if account in _NONE else account):
            self._keep(nick, account)
            self.on_change()

    def _forget(self, nick: str) -> str:
        """Forget and return the account of a nick, "" if none is known."""
        if account := self._of.pop(self._state.isupport.casemapping[nick], ""):
            self.on_change()
        return account

    def _keep(self, nick: str, account: str) -> None:
        folded = self._state.isupport.casemapping[nick]
        self._of.pop(folded, None)
        is_short = len(folded) + len(account) <= _LONGEST
        if account not in _NONE and is_short and len(self._of) < MAX_ACCOUNTS:
            self._of[folded] = account


def is_own_answer(state: State, line: Line) -> bool:
    """Return whether a line of WHOX answers our own request."""
    return bool(state.whox) and line.params[1:2] == [TOKEN]


def is_own_end(state: State, line: Line) -> bool:
    """Return whether a line ends the answer to our own request."""
    folded = [state.isupport.casemapping[name] for name in line.params[1:2]]
    return bool(state.whox) and folded == [state.whox]


def _nothing() -> None:
    """Ignore the change: no line is kept yet."""
