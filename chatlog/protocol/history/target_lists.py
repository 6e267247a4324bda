"""Lists of the targets that have history: who sent us private messages, and when the last.

See TARGETS in https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import is_time
from chatlog.protocol.facts import HistoryTargets

if TYPE_CHECKING:
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State

_KINDS: Final = frozenset({"draft/chathistory-targets", "chathistory-targets"})
MAX_NAMES: Final = 1000
"""Names of one list that are kept; further ones are only counted."""


class TargetLists:
    """The list of one connection that is under way; only one is asked for at a time."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._reference = self._label = ""
        self._names: list[str] = []
        self._lines = 0
        self._last = ""

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the commands that bring such a list."""
        return {"BATCH": self._on_batch, "CHATHISTORY": self._on_line}

    def _on_batch(self, line: Line, turn: Turn) -> None:
        reference, kind = [*line.params, "", ""][:2]
        if reference.startswith("+") and kind in _KINDS and not self._reference:
            self._reference, self._label = reference[1:], line.message.tags().get("label", "")
            self._names, self._lines, self._last = [], 0, ""
        elif self._reference and reference == f"-{self._reference}":
            self._reference = ""
            names = tuple(self._names)
            turn.facts.append(HistoryTargets(names, self._lines, self._last, self._label))
            self._names = []

    def _on_line(self, line: Line, _turn: Turn) -> None:
        """Take one target: TARGETS, its name, and the time of its latest message."""
        if not self._reference or line.batch != self._reference or len(line.params) < 3:  # noqa: PLR2004 - as above
            return
        name, time = line.params[1], line.params[2].removeprefix("timestamp=")
        self._lines += 1
        if is_time(time):
            self._last = max(self._last, time)
        is_query = not self._state.is_channel(name) and not name.startswith(("*", "@", "$"))
        if is_query and name and len(self._names) < MAX_NAMES:
            self._names.append(name)
