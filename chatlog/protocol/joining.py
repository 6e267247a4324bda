"""The channels to be in, and the JOINs that get us there and back again.

Pure, and without a clock: each occurrence has its own method, and `advance` is
told the time, in seconds of a clock that only advances. It outlives its
connection, so that a refusal that repeats is reported once. JOINs go out as the
answers to earlier ones come in: the server sets the pace and is never flooded. Where
a network has a limit for JOINs, that is the pace instead. A JOIN without an answer holds
back the others for at most five seconds, and not at all where there is such a limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol import numerics
from chatlog.protocol.facts import Absent, Forwarded
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.join_answers import REFUSALS, REMOVED, SILENT, UNANSWERED, UNKNOWN_REFUSAL
from chatlog.protocol.join_line import fitting, join_line
from chatlog.protocol.join_pace import JoinPace
from chatlog.protocol.wanted import KICK_LIMIT, Absence, JoinState, WantedChannel
from chatlog.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatlog.casemapping import Casemapping
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.shared_limit import SharedLimit

_PATIENCE: Final = 60.0
_SILENT_DELAY: Final = 3600.0  # after a second JOIN without an answer
_KICK_DELAY: Final = 5.0
_NO_ANSWER: Final = "the server has not answered yet"

MAX_REASON: Final = 400
"""Characters that are kept of a server's reason not to let us in; more are cut off."""


class Joining:
    """The channels to be in on one network, each with its state.

    `limit` is the network's for channels that one asks for, which several
    connections may share. `changed` says that `advance` has something to do.
    """

    def __init__(
        self,
        channels: Iterable[str] = (),
        keys: Mapping[str, Secret] | None = None,
        *,
        limit: SharedLimit | None = None,
    ) -> None:
        self.changed = False
        self._pace = JoinPace(limit)
        self._isupport = ISupport()
        self._all: dict[str, WantedChannel] = {}
        self._open: dict[str, WantedChannel] = {}  # those that are neither joined nor given up
        for name in channels:
            self.want(name, (keys or {}).get(name, Secret()))

    # -- channels to be in -----------------------------------------------------

    @property
    def casemapping(self) -> Casemapping:
        """The CASEMAPPING by which the names of channels are compared."""
        return self._isupport.casemapping

    def want(self, name: str, key: Secret = Secret()) -> None:  # noqa: B008 - immutable
        """Add a channel of the configuration to be in, unless it is there."""
        self._want(WantedChannel(name, key))

    def _want(self, wanted: WantedChannel) -> None:
        folded = self._isupport.casemapping[wanted.name]
        if folded not in self._all:
            self._all[folded] = self._open[folded] = wanted
            self.changed = True

    def unwant(self, name: str) -> list[str]:
        """Remove a channel; return the PART, if we are in it or asked to be."""
        wanted = self._forget(name)
        there = wanted and wanted.state in (JoinState.JOINED, JoinState.ASKED)
        return [f"PART {wanted.name}"] if wanted and there else []

    def names(self) -> list[str]:
        """Return the channels to be in, as they were named."""
        return [wanted.name for wanted in self._all.values()]

    def wants(self, name: str) -> bool:
        """Return whether a channel is one to be in."""
        return self._isupport.casemapping[name] in self._all

    def expects(self, name: str) -> bool:
        """Return whether a channel is one to be in, and nothing is known to keep us out."""
        wanted = self._all.get(self._isupport.casemapping[name])
        return wanted is not None and not wanted.problem

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
                each.name, each.problem or _NO_ANSWER, each.cause, each.state is JoinState.GIVEN_UP
            )
            for each in self._all.values()
            if not each.was_in or (each.problem and not each.comes_back)
        ]

    def comes_back(self, name: str) -> bool:
        """Return whether we were thrown out of a channel and ask again, with no answer yet."""
        wanted = self._all.get(self._isupport.casemapping[name])
        return wanted is not None and wanted.comes_back

    def is_in(self, name: str) -> bool:
        """Return whether we are in a channel."""
        wanted = self._all.get(self._isupport.casemapping[name])
        return wanted is not None and wanted.state is JoinState.JOINED

    def joined_count(self) -> int:
        """Return the number of channels that we are in."""
        return sum(wanted.state is JoinState.JOINED for wanted in self._all.values())

    def is_settled(self) -> bool:
        """Return whether each channel has us in it, or a reason why not."""
        return all(wanted.problem for wanted in self._open.values())

    # -- occurrences -------------------------------------------------------------

    def begin(self, isupport: ISupport) -> None:
        """Begin on a new connection: every channel that was not given up is due."""
        self._isupport = isupport
        self._pace.clear()
        for wanted in self._all.values():
            if wanted.state is not JoinState.GIVEN_UP:
                wanted.renew()
        self._open = {name: each for name, each in self._all.items() if each.state is JoinState.DUE}
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
            wanted.state, wanted.problem, wanted.unanswered = JoinState.JOINED, "", 0
            wanted.cause, wanted.was_in = UNANSWERED, True
            self._open.pop(folded, None)

    def refused(self, name: str, code: str, text: str, turn: Turn) -> None:
        """Note that the server did not let us in, and when to ask again.

        `code` is a numeric, or the code of a FAIL. One that `REFUSALS` lacks counts
        only while the channel is asked for: it may be about something else. Of several
        to one JOIN the first counts.
        """
        wanted = self._all.get(self._isupport.casemapping[name])
        if wanted is None or wanted.state in (JoinState.JOINED, JoinState.GIVEN_UP):
            return
        if wanted.state is JoinState.DUE and (code not in REFUSALS or wanted.is_refused):
            return
        self._answered(wanted)
        wanted.cause, text = code, text[:MAX_REASON]
        again = REFUSALS.get(code, UNKNOWN_REFUSAL)
        if again is None:
            self._give_up(wanted, f"{text} ({code}); not asking again", turn)
            return
        self._again(wanted, again.after(wanted.refusals))
        wanted.refusals += 1
        self._report(wanted, f"{text} ({code}); asking again", turn)

    def forwarded(self, name: str, onto: str, turn: Turn) -> None:
        """Note that the server sends us to another channel instead."""
        if wanted := self._forget(name):
            self._answered(wanted)
            turn.facts.append(Forwarded(wanted.name, onto))
            self._want(WantedChannel(onto, configured=False))

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

    def invited(self, name: str) -> None:
        """Ask at once for a channel that invites us, unless we are in it.

        It becomes one of ours.
        """
        wanted = self._all.get(self._isupport.casemapping[name])
        if wanted is None:
            self._want(WantedChannel(name, configured=False))
        elif wanted.state is not JoinState.JOINED:
            self._again(wanted, 0.0)

    def logged_in(self) -> None:
        """Note a login: ask at once for the channels that were refused for lack of one."""
        for wanted in list(self._open.values()):
            if numerics.ERR_NEEDREGGEDNICK in wanted.problem:
                self._again(wanted, 0.0)

    def flooded(self) -> None:
        """Note that the server threw us out for asking too fast: be gentle from now on."""
        self._pace.gentle = True

    # -- time ----------------------------------------------------------------------

    def advance(self, now: float, turn: Turn) -> float | None:
        """Add the lines to send now; return when to call again if nothing happens before."""
        self.changed = False
        for wanted in list(self._open.values()):
            self._settle(wanted, now, turn)
        while due := self._due(now):
            turn.replies.append(self._ask(due, now))
        return self._wake_at(now)

    def _settle(self, wanted: WantedChannel, now: float, turn: Turn) -> None:
        if wanted.thrown_out:
            self._count_kick(wanted, now, turn)
        if wanted.delay is not None:
            wanted.at, wanted.delay = now + wanted.delay, None
        if wanted.state is JoinState.ASKED and now >= wanted.at + _PATIENCE:
            self._note_silence(wanted, now, turn)

    def _note_silence(self, wanted: WantedChannel, now: float, turn: Turn) -> None:
        """Note a JOIN without an answer: ask at once a second time, and then seldom.

        A network may have dropped the first, and one that knows no such channel, or has
        suspended it, may never answer: Twitch does neither tell.
        """
        wanted.number = 0
        wanted.unanswered += 1
        delay = 0.0 if wanted.unanswered == 1 else _SILENT_DELAY
        wanted.state, wanted.at = JoinState.DUE, now + delay
        wanted.cause = SILENT
        self._report(wanted, "no answer to JOIN; asking again", turn)

    def _count_kick(self, wanted: WantedChannel, now: float, turn: Turn) -> None:
        kicks = wanted.note_kick(now)
        if kicks >= KICK_LIMIT:
            self._give_up(wanted, f"thrown out {kicks} times; not coming back", turn)
        elif wanted.delay is not None:
            wanted.delay = _KICK_DELAY * 2.0 ** (kicks - 1)

    def _due(self, now: float) -> list[WantedChannel]:
        """Return the channels of the next JOIN: first those that were always answered.

        In the line, those with a key come first.
        """
        room = min(self._pace.room(now), self._isupport.targets_per_join())
        if room < 1:
            return []
        due = [
            each for each in self._open.values() if each.state is JoinState.DUE and each.at <= now
        ]
        due.sort(key=lambda wanted: (wanted.unanswered > 0, not wanted.key))
        return sorted(fitting(due[:room]), key=lambda wanted: not wanted.key)

    def _ask(self, due: list[WantedChannel], now: float) -> str:
        for wanted, number in zip(due, self._pace.send(len(due), now), strict=True):
            wanted.state, wanted.at, wanted.number = JoinState.ASKED, now, number
        return join_line(due)

    def _wake_at(self, now: float) -> float | None:
        moments = [
            each.at + _PATIENCE if each.state is JoinState.ASKED else each.at
            for each in self._open.values()
        ]
        if any(moment <= now for moment in moments):  # what is due is held back
            moments = [moment for moment in moments if moment > now]
            moments.append(self._pace.opens_at(now))
        return min(moments, default=None)

    # -- changes of one channel ----------------------------------------------------

    def _answered(self, wanted: WantedChannel) -> None:
        """Note an answer to the JOIN of a channel, which may let the next one go."""
        number, wanted.number = wanted.number, 0
        if number and self._pace.answer(number):
            self.changed = True

    def _again(self, wanted: WantedChannel, delay: float) -> None:
        wanted.state, wanted.delay, wanted.number = JoinState.DUE, delay, 0
        self._open[self._isupport.casemapping[wanted.name]] = wanted
        self.changed = True

    def _give_up(self, wanted: WantedChannel, why: str, turn: Turn) -> None:
        wanted.state, wanted.number = JoinState.GIVEN_UP, 0
        self._open.pop(self._isupport.casemapping[wanted.name], None)
        self._report(wanted, why, turn)

    def _report(self, wanted: WantedChannel, why: str, turn: Turn) -> None:
        """Add a reason why we are not in a channel, unless it is the one before."""
        if why != wanted.problem:
            wanted.problem = why
            turn.facts.append(Absent(wanted.name, why, wanted.state is JoinState.GIVEN_UP))

    def _forget(self, name: str) -> WantedChannel | None:
        folded = self._isupport.casemapping[name]
        self._open.pop(folded, None)
        return self._all.pop(folded, None)
