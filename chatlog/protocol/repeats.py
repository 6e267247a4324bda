"""Messages that were delivered before, told by their msgid: a server or bouncer may repeat one.

See https://ircv3.net/specs/extensions/message-ids
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.protocol.message import Message

REMEMBERED: Final = 256
"""Messages that are remembered at least; at most twice as many are."""

LONGEST: Final = 512
"""Characters of the head, and of the text, of a message that is remembered."""

LONGEST_ID: Final = 255
"""Characters of the msgid of a message that is remembered."""

Said = tuple[str, str]
"""The head of a message (its source, command and all parameters but one), and the last parameter.

Both are without tags; the fast lane has them at hand as they are.
"""


def said_of(message: Message) -> Said:
    """Return the head and the last parameter of a message."""
    params = message.params
    if len(params) == 2:  # noqa: PLR2004 - as most have, and for them it is twice as fast
        return f":{message.source} {message.command} {params[0]}", params[1]
    words = (f":{message.source}", message.command, *params[:-1])
    return " ".join(words), "".join(params[-1:])


class Repeats:
    """The messages of one network that came live lately, by msgid.

    It outlives a connection. A msgid that comes again with another head or text is another
    message, so that a server that reuses them loses no line. Bounded: a message that is longer
    than these bounds is not remembered, and written again if it comes again. `recent` and
    `older` have the messages by msgid.
    """

    def __init__(self) -> None:
        self.recent: dict[str, Said] = {}
        self.older: dict[str, Said] = {}

    def is_repeat(self, msgid: str, said: Said) -> bool:
        """Return whether a message came before; remember it if not."""
        head, text = said
        if len(head) > LONGEST or len(text) > LONGEST or len(msgid) > LONGEST_ID:
            return False
        if self.is_new_id(msgid, said):
            return False
        return said in (self.recent.get(msgid), self.older.get(msgid))

    def is_new_id(self, msgid: str, said: Said) -> bool:
        """Return whether no message had this msgid lately; remember the message if so.

        The caller looks at the bounds.
        """
        recent = self.recent
        if msgid in self.older or recent.setdefault(msgid, said) is not said:
            return False
        if len(recent) >= REMEMBERED:
            self.rotate()
        return True

    def rotate(self) -> None:
        """Forget the older half."""
        self.older, self.recent = self.recent, {}
