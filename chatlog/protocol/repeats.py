"""Messages that were delivered before, told by their msgid: a server or bouncer may repeat one.

See https://ircv3.net/specs/extensions/message-ids
"""

from __future__ import annotations

from typing import Final

REMEMBERED: Final = 256
"""Messages that are remembered at least; at most twice as many are."""

LONGEST: Final = 512
"""Characters of the msgid, the source and the text of a message that is remembered."""

Said = tuple[str, list[str]]
"""The source and the parameters of a message."""


class Repeats:
    """The messages of one network that came live lately, by msgid.

    It outlives a connection. A msgid that comes again from another source or with other
    parameters is another message, so that a server that reuses them loses no line. Bounded: texts
    longer than `LONGEST` are not remembered, and written again if they come again.
    `recent` and `older` have the source and parameters of messages by msgid.
    """

    def __init__(self) -> None:
        self.recent: dict[str, Said] = {}
        self.older: dict[str, Said] = {}

    def is_repeat(self, msgid: str, said: Said) -> bool:
        """Return whether a message came before; remember it if not."""
        if msgid in self.recent or msgid in self.older:
            return said in (self.recent.get(msgid), self.older.get(msgid))
        self.recent[msgid] = said
        if len(self.recent) >= REMEMBERED:
            self.rotate()
        return False

    def rotate(self) -> None:
        """Forget the older half."""
        self.older, self.recent = self.recent, {}
