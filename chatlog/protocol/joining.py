"""The channels to be in, and the JOINs that get us there and back again.

Pure, and without a clock: each occurrence has its own method, and `advance` is
told the time, in seconds of a clock that only advances. It outlives its
connection, so that a refusal that repeats is reported once. JOINs go out as the
answers to earlier ones come in: the server sets the pace and is never flooded. A
JOIN without an answer holds back the others for at most five seconds.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.protocol import numerics
from chatlog.protocol.facts import Absent, Forwarded
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.join_window import WINDOW, JoinWindow
from chatlog.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chatlog.protocol.facts import Turn

MAX_BYTES: Final = 510
"""Bytes that fit in a line beside its CR LF; some servers cut a longer one without a word."""

_PATIENCE: Final = 60.0
_UNANSWERED_LIMIT: Final = 3
_KICK_DELAY: Final = 5.0
_KICK_LIMIT: Final = 3
_KICK_WINDOW: Final = 600.0
_GENTLE_DELAY: Final = 2.0
_NO_ANSWER: Final = "the server has not answered yet"

UNANSWERED: Final = "unanswered"
"""The cause of an absence before any answer to our JOIN."""

REMOVED: Final = "removed"
"""The cause of an absence after we were thrown out."""

MAX_REASON: Final = 400
"""Characters that are kept of a server's reason not to let us in; more are cut off."""


class Again(NamedTuple):
    """Seconds until a JOIN is repeated: the first time, and at most."""

    first: float
    most: float


_SOON: Final = Again(60, 1800)
_SLOWLY: Final = Again(900, 900)

REFUSALS: Final[dict[str, Again | None]] = {
    numerics.ERR_NOSUCHCHANNEL: None,
    numerics.ERR_TOOMANYCHANNELS: None,
    numerics.ERR_TOOMANYTARGETS: _SOON,
    numerics.ERR_UNAVAILRESOURCE: _SOON,
    numerics.ERR_LINKCHANNEL: _SOON,
    numerics.ERR_CHANNELISFULL: _SOON,
    numerics.ERR_INVITEONLYCHAN: _SLOWLY,
    numerics.ERR_BANNEDFROMCHAN: _SLOWLY,
    numerics.ERR_BADCHANNELKEY: _SLOWLY,
    numerics.ERR_BADCHANMASK: None,
    numerics.ERR_NEEDREGGEDNICK: _SLOWLY,
    numerics.ERR_BADCHANNAME: None,
    numerics.ERR_THROTTLE: _SOON,
    numerics.ERR_KILLDENY: _SLOWLY,
    numerics.ERR_SECUREONLYCHAN: _SLOWLY,
    numerics.ERR_DELAYREJOIN: _SOON,
    numerics.ERR_TOOMANYJOINS: _SOON,
    numerics.ERR_OPERONLY: _SLOWLY,
}
"""Answers to a JOIN that failed, each with the wait before the next; None is never.

Any other error that names a channel we asked for is taken for `UNKNOWN_REFUSAL`.
"""

UNKNOWN_REFUSAL: Final = _SOON
"""The wait after an answer that no row of `REFUSALS` knows: servers invent numbers."""


class Absence(NamedTuple):
    """A channel to be in that we are not in, and why.

    `cause` is the code of the refusal, or a word: alike for refusals that only differ
    in their text. `for_good` means that we do not ask again.
    """

    channel: str
    why: str
    cause: str
    for_good: bool = False


class _State(Enum):
    DUE = auto()
    ASKED = auto()
    JOINED = auto()
    GIVEN_UP = auto()


class _Wanted(msgspec.Struct):
    """A channel to be in."""

    name: str
    key: Secret = Secret()
    configured: bool = True
    state: _State = _State.DUE
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
        return self.cause not in (UNANSWERED, REMOVED)

    @property
    def comes_back(self) -> bool:
        """Whether we were thrown out and ask again, with no answer yet."""
        return self.cause == REMOVED and self.state is not _State.GIVEN_UP


class Joining:
    """The channels to be in on one network, each with its state.

    `pace` is how many channels the network lets one ask for in how many
    seconds. With `accept_invites`, a channel that we are invited to becomes
    one of ours. `changed` says that `advance` has something to do.
    """

    def __init__(
        self,
        channels: Iterable[str] = (),
        keys: Mapping[str, Secret] | None = None,
        *,
        pace: tuple[int, float] | None = None,
        accept_invites: bool = False,
    ) -> None:
        self.changed = False
        self._pace = pace
        self._accept_invites = accept_invites
        self._isupport = ISupport()
        self._asked_at: list[float] = []
        self._gentle = False
        self._window = JoinWindow()
        self._all: dict[str, _Wanted] = {}
        self._open: dict[str, _Wanted] = {}  # those that are neither joined nor given up
        for name in channels:
            self.want(name, (keys or {}).get(name, Secret()))

    # -- channels to be in -----------------------------------------------------

    def want(self, name: str, key: Secret = Secret()) -> None:  # noqa: B008 - immutable
        """Add a channel of the configuration to be in, unless it is there."""
        self._want(_Wanted(name, key))

    def _want(self, wanted: _Wanted) -> None:
        folded = self._isupport.casemapping[wanted.name]
        if folded not in self._all:
            self._all[folded] = self._open[folded] = wanted
            self.changed = True

    def unwant(self, name: str) -> list[str]:
        """Remove a channel; return the PART, if we are in it or asked to be."""
        wanted = self._forget(name)
        there = wanted and wanted.state in (_State.JOINED, _State.ASKED)
        return [f"PART {wanted.name}"] if wanted and there else []

    def names(self) -> list[str]:
        """Return the channels to be in, as they were named."""
        return [wanted.name for wanted in self._all.values()]

    def wants(self, name: str) -> bool:
        """Return whether a channel is one to be in."""
        return self._isupport.casemapping[name] in self._all

    def is_configured(self, name: str) -> bool:
        """Return whether a channel is one to be in, and not for the server's word alone."""
        wanted = self._all.get(self._isupport.casemapping[name])
        return wanted is not None and wanted.configured

    def problems(self) -> dict[str, str]:
        """Return the reason for each channel that we are not in, unless it is only due."""
        return {each.name: each.problem for each in self._all.values() if each.problem}

    def absences(self) -> list[Absence]:
        """Return the channels that we are not in, for a reason or because none ever let us in.

        A channel that is only due again, after a reconnection or a kick, is not absent.
        """
        return [
            Absence(
                each.name, each.problem or _NO_ANSWER, each.cause, each.state is _State.GIVEN_UP
            )
            for each in self._all.values()
            if not each.was_in or (each.problem and not each.comes_back)
        ]

    def comes_back(self, name: str) -> bool:
        """Return whether we were thrown out of a channel and ask again, with no answer yet."""
        wanted = self._all.get(self._isupport.casemapping[name])
        return wanted is not None and wanted.comes_back

    def joined_count(self) -> int:
        """Return the number of channels that we are in."""
        return sum(wanted.state is _State.JOINED for wanted in self._all.values())

    def is_settled(self) -> bool:
        """Return whether each channel has us in it, or a reason why not."""
        return all(wanted.problem for wanted in self._open.values())

    # -- occurrences -------------------------------------------------------------

    def begin(self, isupport: ISupport) -> None:
        """Begin on a new connection: every channel that was not given up is due."""
        self._isupport = isupport
        self._window.clear()
        for wanted in self._all.values():
            if wanted.state is not _State.GIVEN_UP:
                wanted.state, wanted.at, wanted.delay = _State.DUE, 0.0, None
                wanted.number, wanted.unanswered = 0, 0
        self._open = {name: each for name, each in self._all.items() if each.state is _State.DUE}
        self.refold()
        self.changed = True

    def refold(self) -> None:
        """Note that the CASEMAPPING changed: of channels that are now one, the first stays."""
        fold = self._isupport.casemapping
        self._all = {fold[each.name]: each for each in reversed(self._all.values())}
        self._all = dict(reversed(self._all.items()))
        self._open = {
            fold[each.name]: each
            for each in self._open.values()
            if self._all[fold[each.name]] is each
        }

    def joined(self, name: str) -> None:
        """Note that the server let us in."""
        folded = self._isupport.casemapping[name]
        if wanted := self._all.get(folded):
            self._answered(wanted)
            wanted.state, wanted.problem, wanted.unanswered = _State.JOINED, "", 0
            wanted.cause, wanted.was_in = UNANSWERED, True
            self._open.pop(folded, None)

    def refused(self, name: str, code: str, text: str, turn: Turn) -> None:
        """Note that the server did not let us in, and when to ask again.

        `code` is a numeric, or the code of a FAIL. One that `REFUSALS` lacks counts
        only while the channel is asked for: it may be about something else. Of several
        to one JOIN the first counts.
        """
        wanted = self._all.get(self._isupport.casemapping[name])
        if wanted is None or wanted.state in (_State.JOINED, _State.GIVEN_UP):
            return
        if wanted.state is _State.DUE and (code not in REFUSALS or wanted.is_refused):
            return
        self._answered(wanted)
        wanted.cause, text = code, text[:MAX_REASON]
        again = REFUSALS.get(code, UNKNOWN_REFUSAL)
        if again is None:
            self._give_up(wanted, f"{text} ({code}); not asking again", turn)
            return
        delay = min(again.most, again.first * 2.0 ** min(wanted.refusals, 30))
        wanted.refusals += 1
        self._again(wanted, delay)
        self._report(wanted, f"{text} ({code}); asking again", turn)

    def forwarded(self, name: str, onto: str, turn: Turn) -> None:
        """Note that the server sends us to another channel instead."""
        if wanted := self._forget(name):
            self._answered(wanted)
            turn.facts.append(Forwarded(wanted.name, onto))
            self._want(_Wanted(onto, configured=False))

    def renamed(self, name: str, onto: str) -> None:
        """Note that a channel has another name now."""
        if wanted := self._forget(name):
            wanted.name, wanted.configured = onto, False
            self._all[self._isupport.casemapping[onto]] = wanted

    def removed(self, name: str, how: str, turn: Turn) -> None:
        """Note that we had to leave a channel; come back later, and not for ever."""
        if wanted := self._all.get(self._isupport.casemapping[name]):
            wanted.thrown_out, wanted.cause = True, REMOVED
            self._again(wanted, _KICK_DELAY)
            self._report(wanted, f"{how[:MAX_REASON]}; coming back", turn)

    def invited(self, name: str, admit: Callable[[str], bool] = lambda _name: True) -> None:
        """Note an invitation: ask at once for a channel of ours that did not let us in.

        Any other one becomes ours if invitations are accepted, and `admit` lets it.
        """
        wanted = self._all.get(self._isupport.casemapping[name])
        if wanted is not None and wanted.state is not _State.JOINED:
            self._again(wanted, 0.0)
        elif (
            wanted is None
            and self._accept_invites
            and self._isupport.is_channel(name)
            and admit(name)
        ):
            self._want(_Wanted(name, configured=False))

    def logged_in(self) -> None:
        """Note a login: ask at once for the channels that were refused for lack of one."""
        for wanted in list(self._open.values()):
            if numerics.ERR_NEEDREGGEDNICK in wanted.problem:
                self._again(wanted, 0.0)

    def flooded(self) -> None:
        """Note that the server threw us out for asking too fast: be gentle from now on."""
        self._gentle = True

    # -- time ----------------------------------------------------------------------

    def advance(self, now: float, turn: Turn) -> float | None:
        """Add the lines to send now; return when to call again if nothing happens before."""
        self.changed = False
        for wanted in list(self._open.values()):
            self._settle(wanted, now, turn)
        while due := self._due(now):
            turn.replies.append(self._ask(due, now))
        return self._wake_at(now)

    def _settle(self, wanted: _Wanted, now: float, turn: Turn) -> None:
        if wanted.thrown_out:
            self._count_kick(wanted, now, turn)
        if wanted.delay is not None:
            wanted.at, wanted.delay = now + wanted.delay, None
        if wanted.state is _State.ASKED and now >= wanted.at + _PATIENCE:
            wanted.number = 0
            wanted.unanswered += 1
            lost = wanted.unanswered >= _UNANSWERED_LIMIT
            wanted.state, wanted.at = _State.DUE, now + (_SLOWLY.first if lost else 0.0)
            if lost:
                wanted.cause = UNANSWERED
                self._report(wanted, "the server does not answer; asking again later", turn)

    def _count_kick(self, wanted: _Wanted, now: float, turn: Turn) -> None:
        wanted.thrown_out = False
        recent = [when for when in wanted.kicks[-_KICK_LIMIT:] if now - when < _KICK_WINDOW]
        wanted.kicks = [*recent, now]
        if len(wanted.kicks) >= _KICK_LIMIT:
            why = f"thrown out {len(wanted.kicks)} times; not coming back"
            self._give_up(wanted, why, turn)
        elif wanted.delay is not None:
            wanted.delay = _KICK_DELAY * 2.0 ** len(recent)

    def _due(self, now: float) -> list[_Wanted]:
        """Return the channels of the next JOIN, those with a key first."""
        room = self._room(now)
        if room < 1 or self._window.is_full(now, 1 if self._gentle else WINDOW):
            return []
        due = [each for each in self._open.values() if each.state is _State.DUE and each.at <= now]
        due.sort(key=lambda wanted: not wanted.key)
        return _fitting(due[: min(room, self._isupport.targets_per_join())])

    def _room(self, now: float) -> int:
        """Return how many channels the pace lets us ask for now."""
        if self._gentle and self._asked_at and now - self._asked_at[-1] < _GENTLE_DELAY:
            return 0
        if self._pace is None:
            return len(self._open)
        count, seconds = self._pace
        self._asked_at = [when for when in self._asked_at if now - when < seconds]
        return count - len(self._asked_at)

    def _ask(self, due: list[_Wanted], now: float) -> str:
        for wanted, number in zip(due, self._window.send(len(due), now), strict=True):
            wanted.state, wanted.at, wanted.number = _State.ASKED, now, number
        self._asked_at += [now] * len(due) if self._pace else [now]
        del self._asked_at[: -(self._pace[0] if self._pace else 1)]
        return join_line(due)

    def _wake_at(self, now: float) -> float | None:
        moments = [
            each.at + _PATIENCE if each.state is _State.ASKED else each.at
            for each in self._open.values()
        ]
        if any(moment <= now for moment in moments):  # what is due is held back
            moments = [moment for moment in moments if moment > now]
            moments.append(
                self._room_at(now) if self._room(now) < 1 else self._window.opens_at(now)
            )
        return min(moments, default=None)

    def _room_at(self, now: float) -> float:
        first = self._asked_at[0] if self._asked_at else now
        seconds = max(self._pace[1] if self._pace else 0.0, _GENTLE_DELAY if self._gentle else 0.0)
        return first + seconds

    # -- changes of one channel ----------------------------------------------------

    def _answered(self, wanted: _Wanted) -> None:
        """Note an answer to the JOIN of a channel, which may let the next one go."""
        number, wanted.number = wanted.number, 0
        if number and self._window.answer(number):
            self.changed = True

    def _again(self, wanted: _Wanted, delay: float) -> None:
        wanted.state, wanted.delay, wanted.number = _State.DUE, delay, 0
        self._open[self._isupport.casemapping[wanted.name]] = wanted
        self.changed = True

    def _give_up(self, wanted: _Wanted, why: str, turn: Turn) -> None:
        wanted.state, wanted.number = _State.GIVEN_UP, 0
        self._open.pop(self._isupport.casemapping[wanted.name], None)
        self._report(wanted, why, turn)

    def _report(self, wanted: _Wanted, why: str, turn: Turn) -> None:
        """Add a reason why we are not in a channel, unless it is the one before."""
        if why != wanted.problem:
            wanted.problem = why
            turn.facts.append(Absent(wanted.name, why, wanted.state is _State.GIVEN_UP))

    def _forget(self, name: str) -> _Wanted | None:
        folded = self._isupport.casemapping[name]
        self._open.pop(folded, None)
        return self._all.pop(folded, None)


def _fitting(due: list[_Wanted]) -> list[_Wanted]:
    """Return the first of these that fit in one line; one at least."""
    fitting: list[_Wanted] = []
    for wanted in due:
        if fitting and len(join_line([*fitting, wanted]).encode()) > MAX_BYTES:
            break
        fitting.append(wanted)
    return fitting


def join_line(channels: list[_Wanted]) -> str:
    """Write one JOIN; channels with keys come first."""
    names = ",".join(wanted.name for wanted in channels)
    keys = ",".join(wanted.key.reveal() for wanted in channels if wanted.key)
    return f"JOIN {names} {keys}".rstrip()
