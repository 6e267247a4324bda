"""The events of a log of lines, made of the fields that its forms find. Pure.

It follows the channel of the log, because some lines name another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatlog.event import SERVER, TALK, Event, EventType
from chatlog.formats.dialects.mode_change import mode_change

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import LogFacts, LogTally
    from chatlog.formats.dialects.forms import Form, Found
    from chatlog.formats.dialects.log_hearing import LogHearing

_CHANNELS: Final = "#&!+"
NAMELESS: Final = "lines by the program's user, whose nick the log does not tell"
SEVERAL_CHANNELS: Final = "channels entered in a log of another one, which claims no coverage"


class EventMaker:
    """The maker of one log's events.

    `target` is the channel that the lines themselves name, "" until they do; `hearing` knows the
    nick of the program's user. Events of the types `homeless` belong to no channel unless
    something names one.
    """

    def __init__(
        self,
        name: str,
        homeless: frozenset[str],
        facts: LogFacts,
        tally: LogTally,
        hearing: LogHearing,
    ) -> None:
        self.target = ""
        self._own_channel = ""  # the first one that the program's user came to, folded
        self._hearing = hearing
        self._via = f"import:{name}"
        self._homeless = homeless
        self._facts = facts
        self._tally = tally

    def plain(self, kind: str, fields: dict[str, Any], time: str, encoding: str) -> Event:
        """Return the event of a form that is plain; its fields may be empty."""
        target = self._target_of(kind, fields.pop("target", ""))
        return self._event(kind, target, fields, time, encoding)

    def event(self, used: Form, found: Found, time: str, encoding: str) -> Event:
        """Return the event of the fields that a form found."""
        fields: dict[str, Any] = found
        if used.is_own and used.kind == EventType.JOIN:
            self.enter(fields.get("target", ""))
        target = self._target_of(used.kind, fields.pop("target", ""))
        if "params" in fields:
            fields["command"], fields["params"] = mode_change(fields["params"])
        if "now" in fields:
            fields["params"] = tuple(fields.pop("now").split("@", 1))
        if used.is_own:
            is_kicked = used.kind == EventType.KICK and "subject" not in fields
            fields["subject" if is_kicked else "nick"] = self._hearing.nick
            if not self._hearing.nick:
                self._tally.note(NAMELESS)
        return self._event(used.kind, target, fields, time, encoding)

    def enter(self, channel: str) -> None:
        """Take the channel that a line names for that of the next lines.

        The lines of a log with several channels do not all tell whose they are. They go where the
        log belongs, but nothing tells when that channel was heard.
        """
        if channel[:1] not in {*_CHANNELS} or self._facts.target == SERVER:
            return
        folded = channel.casefold()
        self._own_channel = self._own_channel or folded
        if folded != self._own_channel:
            self._tally.note(SEVERAL_CHANNELS)
            self._hearing.claim_nothing()

    def _target_of(self, kind: str, named: str) -> str:
        """Return the target of an event whose line names a channel or a nick, or "".

        Talk goes where its line says. Other events go where the log belongs, but for the log
        of a server's window, which is of no channel.
        """
        target = self._facts.target or named
        if not named:
            return target
        is_channel = named[0] in _CHANNELS
        if not self.target and (is_channel or kind not in TALK):
            self.target = named
        goes_where_named = kind in TALK or (is_channel and target == SERVER)
        return named if goes_where_named and not _is_file_of(target, named) else target

    def _event(
        self, kind: str, target: str, fields: dict[str, Any], time: str, encoding: str
    ) -> Event:
        facts = self._facts
        return Event(
            time=time,
            received=facts.received,
            network=facts.network,
            target=target or (SERVER if kind in self._homeless else ""),
            type=kind,
            via=self._via,
            encoding=encoding,
            **fields,
        )


def _is_file_of(target: str, named: str) -> bool:
    """Return whether a target, as a path tells it, can be one that a line names."""
    return target.casefold().replace("/", "_") == named.casefold().replace("/", "_")
