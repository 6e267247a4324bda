"""The events of messages that are taken back, and of Twitch's notices to a channel.

See https://ircv3.net/specs/extensions/message-redaction and
https://dev.twitch.tv/docs/chat/irc/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.protocol.events.rows import known, on_other, text_at
from chatlog.protocol.events.talk import said

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State


def on_redact(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `redact`: `reply_to` is the message that is taken back, and filed where that was."""
    text = text_at(line, row.text)
    return said(state, line, row.type, text, reply_to=line.params[1])


def on_clearmsg(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `redact` of the subject's message, whose text is told once more; Twitch's."""
    msgid, author = line.tags.pop("target-msg-id", ""), line.tags.pop("login", "")
    if not (target := known(state, line, line.params[0])):
        return on_other(state, line)
    said = {"subject": author, "reply_to": msgid, "text": text_at(line, row.text)}
    return [line.event_with(type=row.type, target=target, **said)]


def on_usernotice(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `usernotice` of whom it concerns: subscriptions, raids; Twitch's."""
    nick = line.tags.pop("login", "") or line.source.nick
    if not (target := known(state, line, line.params[0])):
        return on_other(state, line)
    text = text_at(line, row.text)
    return [line.event_with(type=row.type, target=target, nick=nick, text=text)]
