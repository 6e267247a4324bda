"""Channels to be in: the state of each, and why we are not in it."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from chatlog.protocol.join_answers import REFUSING_NOTHING, REMOVED, UNANSWERED
from chatlog.secret import Secret

KICK_LIMIT: Final = 3
"""Times in ten minutes that we are thrown out of a channel before we stay away."""

_KICK_WINDOW: Final = 600.0


class Absence(NamedTuple):
    """A channel to be in that we are not in, and why.

    `cause` is the code of the refusal, or a word: alike for refusals that only differ
    in their text. `for_good` means that we do not ask again.
    """

    channel: str
    why: str
    cause: str
    for_good: bool = False


class JoinState(Enum):
    """The state of a channel to be in."""

    DUE = auto()
    ASKED = auto()
    JOINED = auto()
    GIVEN_UP = auto()


class WantedChannel(msgspec.Struct):
    """A channel to be in."""

    name: str
    key: Secret = Secret()
    configured: bool = True
    state: JoinState = JoinState.DUE
    at: float = 0.0  # due from then on, or asked then
    delay: float | None = None  # counted from the next `advance`
    number: int = 0  # in the window of JOINs, while it is asked for
    refusals: int = 0
    unanswered: int = 0
    thrown_out: bool = False  # since the last `advance`
    kicks: list[float] = []
    problem: str = ""
    cause: str = UNANSWERED  # of the problem, or why we were never in
    was_in: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether the last word about the channel was a refusal."""
        return self.cause not in REFUSING_NOTHING

    @property
    def comes_back(self) -> bool:
        """Whether we were thrown out and ask again, with no answer yet."""
        return self.cause == REMOVED and self.state is not JoinState.GIVEN_UP

    def note_kick(self, now: float) -> int:
        """Note at a time that we were thrown out; return how many times we were lately."""
        self.thrown_out = False
        recent = [when for when in self.kicks[-KICK_LIMIT:] if now - when < _KICK_WINDOW]
        self.kicks = [*recent, now]
        return len(self.kicks)

    def renew(self) -> None:
        """Make a channel due on a new connection."""
        self.state, self.at, self.delay = JoinState.DUE, 0.0, None
        self.number, self.unanswered = 0, 0
