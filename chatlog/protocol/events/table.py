"""The table of commands: how the events of each are made, and of which parameters.

A line with fewer parameters than its row asks for is kept as `other`, and so is every
command that has no row. Events are made before the line changes the state, so that a
QUIT still finds its channels.

To add a command whose event goes to a channel or to the channels of a person, write its
row: the type of the event, and the position of the parameter that is its text or subject.
Otherwise write a function as well, in the module of its kind; it is handed its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.protocol import numerics
from chatlog.protocol.events.moderation import on_clearmsg, on_redact, on_usernotice
from chatlog.protocol.events.modes import on_channel_modes, on_creation_time, on_mode
from chatlog.protocol.events.moves import (
    on_account,
    on_chghost,
    on_invite,
    on_join,
    on_kick,
    on_part,
    on_quit,
    on_rename,
)
from chatlog.protocol.events.replies import (
    on_end_of_names,
    on_end_of_who,
    on_names_reply,
    on_topic_reply,
    on_whois,
    on_whox,
)
from chatlog.protocol.events.rows import (
    Row,
    in_channel,
    nothing,
    of_person_in_bounds,
    on_numeric,
    on_other,
    on_standard_reply,
)
from chatlog.protocol.events.talk import on_message, on_tagmsg

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

_MESSAGE: Final = EventType.MESSAGE.value
_TOPIC: Final = EventType.TOPIC.value

EVENTS: Final = {
    "PRIVMSG": Row(on_message, _MESSAGE, params=2),
    "NOTICE": Row(on_message, EventType.NOTICE.value, params=2),
    "WHISPER": Row(on_message, _MESSAGE, params=2, source=True),
    "TAGMSG": Row(on_tagmsg, params=1, source=True),
    "JOIN": Row(on_join, EventType.JOIN.value, params=1, source=True),
    "PART": Row(on_part, EventType.PART.value, params=1, source=True, text=1),
    "KICK": Row(on_kick, EventType.KICK.value, params=2, subject=1, text=2),
    "QUIT": Row(on_quit, EventType.QUIT.value, source=True, text=0),
    "NICK": Row(of_person_in_bounds, EventType.NICK.value, params=1, source=True, subject=0),
    "AWAY": Row(of_person_in_bounds, EventType.AWAY.value, source=True, text=0),
    "SETNAME": Row(of_person_in_bounds, EventType.SETNAME.value, params=1, source=True, text=0),
    "ACCOUNT": Row(on_account, EventType.ACCOUNT.value, params=1, source=True),
    "CHGHOST": Row(on_chghost, EventType.CHGHOST.value, params=2, source=True),
    "TOPIC": Row(in_channel, _TOPIC, params=1, text=1),
    "MODE": Row(on_mode, EventType.MODE.value, params=2),
    "INVITE": Row(on_invite, EventType.INVITE.value, params=2, source=True),
    "RENAME": Row(on_rename, params=2, source=True),
    "REDACT": Row(on_redact, EventType.REDACT.value, params=2, source=True, text=2),
    "CLEARCHAT": Row(in_channel, EventType.CLEAR.value, params=1, subject=1),
    "CLEARMSG": Row(on_clearmsg, EventType.REDACT.value, params=1, text=1),
    "USERNOTICE": Row(on_usernotice, EventType.USERNOTICE.value, params=1, text=1),
    numerics.RPL_CHANNELMODEIS: Row(on_channel_modes, params=3),
    numerics.RPL_CREATIONTIME: Row(on_creation_time, params=2),
    numerics.RPL_TOPIC: Row(on_topic_reply, _TOPIC, params=3),
    numerics.RPL_NAMREPLY: Row(on_names_reply, params=4),
    numerics.RPL_ENDOFNAMES: Row(on_end_of_names, params=2),
    numerics.RPL_WHOSPCRPL: Row(on_whox, params=2),
    numerics.RPL_ENDOFWHO: Row(on_end_of_who, params=2),
    **dict.fromkeys(numerics.OF_WHOIS, Row(on_whois, params=2)),
    **dict.fromkeys(("FAIL", "WARN", "NOTE"), Row(on_standard_reply)),
    # CHATHISTORY TARGETS names people who sent private messages.
    **dict.fromkeys(("PING", "PONG", "CAP", "AUTHENTICATE", "BATCH", "CHATHISTORY"), Row(nothing)),
}
"""The row of each command whose lines are more than `other`."""


def events_of(state: State, line: Line, row: Row | None) -> list[Event]:
    """Make the events of one line by the row of its command, in the order of writing."""
    if row is None or len(line.params) < row.params or (row.source and not line.source.nick):
        by_command = on_numeric if line.message.command.isdigit() else on_other
        return by_command(state, line)
    return row.make(state, line, row)
