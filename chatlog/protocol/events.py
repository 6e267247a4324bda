"""The events of each command of the server: one function and one row of EVENTS each.

The table `EVENTS` names for each command the parameters it needs and the
function that makes its events; a line with fewer is kept as `other`, and so
is every command that has no row. Events are made before the line changes the
state, so that a QUIT still finds its channels. To add an IRC event, write a
function and its row, and a member of `EventType`.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import SERVER, Event, EventType
from chatlog.protocol import numerics
from chatlog.protocol.manners import is_service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatlog.protocol.state import Line, State

CTCP: Final = "\x01"
_ACTION: Final = "ACTION"
_EVERYBODY: Final = "*"
_MASK: Final = "$"
_AFTER_NICK: Final = re.compile("[!@%]")
_REACT: Final = "+draft/react"
HIDDEN: Final = "*"
"""What stands for a channel's key, which no transcript holds."""

CONTINUED: Final = "continued"
"""The parameter of a `names` that goes on with the list of the one before."""


def events_of(state: State, line: Line) -> list[Event]:
    """Make the events of one line, in the order in which they are to be written."""
    command = line.message.command
    row = EVENTS.get(command)
    if row is None or len(line.params) < row.params or (row.source and not line.source.nick):
        return on_numeric(state, line) if command.isdigit() else on_other(state, line)
    return row.make(state, line)


def ctcp_of(text: str) -> tuple[str, str] | None:
    """Part a CTCP message into command and argument; None for any other text.

    The closing delimiter may be missing.
    """
    if not text.startswith(CTCP) or len(text) == 1:
        return None
    command, _, argument = text[1:].removesuffix(CTCP).partition(" ")
    return command.upper(), argument


def on_message(state: State, line: Line) -> list[Event]:
    """Make events of PRIVMSG and NOTICE."""
    if len(line.params) > 2:  # noqa: PLR2004 - target and text; more has no meaning, but is kept
        return on_other(state, line)
    if state.bare_playback.take(line.message):
        return []
    text = line.params[1]
    ctcp = ctcp_of(text)
    if ctcp is None:
        kind = EventType.NOTICE if line.message.command == "NOTICE" else EventType.MESSAGE
        return _said(state, line, type=kind, text=text)
    if ctcp[0] == _ACTION and line.message.command == "PRIVMSG":
        return _said(state, line, type=EventType.ACTION, text=ctcp[1])
    return _said(state, line, **_as_other(line))


def on_tagmsg(state: State, line: Line) -> list[Event]:
    """Make a `react` of a message that is nothing but tags, where it is one."""
    reaction = line.tags.get(_REACT, "")
    if not reaction:
        return _said(state, line, **_as_other(line))
    made = _said(state, line, type=EventType.REACT, text=reaction)
    if any(event.type == EventType.REACT for event in made):
        line.tags.pop(_REACT)  # which the text of the event has
    return made


def _said(state: State, line: Line, **fields: object) -> list[Event]:
    """Return the event of a message to a channel, to us or to all, filed under its target.

    Nothing is made of a private message, unless those are recorded.
    """
    statusmsg, channel = state.channel_said_to(line.params[0])
    # History that belongs to no channel of ours is private like any other line.
    if line.history_of not in ("", SERVER):
        return [_event(line, target=line.history_of, statusmsg=statusmsg, **fields)]
    if channel:
        return [_event(line, target=channel, statusmsg=statusmsg, **fields)]
    if statusmsg or state.is_channel(line.params[0]):
        return on_other(state, line)
    if _is_server(state, line):
        return [_event(line, target=SERVER, **fields)]
    if not _is_private(state, line):
        return on_other(state, line)
    return _query(state, line, fields) if state.queries else []


def _is_private(state: State, line: Line) -> bool:
    """Return whether a message is between our nick and another.

    `$*` and `*` are everybody, and another nick than ours is none of the two.
    """
    target = line.params[0]
    # In a line of the past, another nick may have been ours then.
    if state.is_me(line.source.nick) or line.fields.get("via"):
        return target != _EVERYBODY and not target.startswith(_MASK)
    # `nick@server` and `nick!user@host` name us as well, and so does a list with our nick.
    return any(state.is_me(_AFTER_NICK.split(name, maxsplit=1)[0]) for name in target.split(","))


def _is_server(state: State, line: Line) -> bool:
    # Of ourselves, too, we know no host before the first JOIN tells it.
    return not (line.source.user or line.source.host or state.is_me(line.source.nick))


def _query(state: State, line: Line, fields: dict[str, object]) -> list[Event]:
    """Return a private message filed under the other nick; nothing for our lines to services."""
    ours = state.is_me(line.source.nick)
    other = line.params[0] if ours else line.source.nick
    if ours and is_service(other):
        return []
    # A nick that looks like a channel must not write into that channel's transcript.
    if not other or other.startswith("@") or state.is_channel(other):
        return on_other(state, line)
    if not state.admits(other):
        return on_other(state, line)
    return [_event(line, target=other, **fields)]


def on_join(state: State, line: Line) -> list[Event]:
    """Make events of JOIN, with account and realname where extended-join gives them.

    If it is we who join a channel that we were in, the server removed us silently before.
    """
    name = line.params[0]
    fields = _extended(line)
    if not _ours(state, line):
        return _in_channel(state, line, name, type=EventType.JOIN, **fields)
    if state.is_channel(name) and state.admits(name):
        fields.pop("text", None)  # our own realname, where the recorder has more to say
        joined = _event(line, type=EventType.JOINED, target=name, **fields)
        if not (left := state.membership.name(name)):
            return [joined]
        return [_own(line, state, type=EventType.PARTED, target=left, text="removed"), joined]
    return on_other(state, line)


def _extended(line: Line) -> dict[str, str]:
    """Return the account and realname of extended-join; one parameter alone is no account.

    See https://ircv3.net/specs/extensions/extended-join
    """
    _, *rest = line.params
    account = rest.pop(0) if len(rest) > 1 else HIDDEN
    said = {"text": " ".join(rest)} if rest else {}
    return said if account == HIDDEN else {**said, "account": account}


def on_part(state: State, line: Line) -> list[Event]:
    """Make an event of PART."""
    kind = EventType.PARTED if _ours(state, line) else EventType.PART
    return _in_channel(state, line, line.params[0], type=kind, text=_text(line, 1))


def on_kick(state: State, line: Line) -> list[Event]:
    """Make events of KICK; when it is we who are kicked, we also parted."""
    target = _known(state, line, line.params[0])
    if not target:
        return on_other(state, line)
    kicked = line.params[1]
    made = [_event(line, type=EventType.KICK, target=target, subject=kicked, text=_text(line, 2))]
    if state.is_me(kicked) and not line.history_of:
        made.append(_own(line, state, type=EventType.PARTED, target=target, text="kicked"))
    return made


def on_quit(state: State, line: Line) -> list[Event]:
    """Make a `quit` in every channel in which that person was; ours is in `@server`.

    In our channels, the end of the connection that follows is a `parted`.
    """
    targets = [SERVER] if _ours(state, line) else state.channels_of(line)
    return _events(line, targets, type=EventType.QUIT, text=_text(line, 0))


def on_nick(state: State, line: Line) -> list[Event]:
    """Make a `nick` in every channel in which that person is."""
    return _change(state, line, type=EventType.NICK, subject=line.params[0])


def on_away(state: State, line: Line) -> list[Event]:
    """Make an `away`; without a text, that person is back."""
    return _change(state, line, type=EventType.AWAY, text=_text(line, 0))


def on_account(state: State, line: Line) -> list[Event]:
    """Make an `account`; without an account, that person logged out."""
    account = "" if line.params[0] == HIDDEN else line.params[0]
    return _change(state, line, type=EventType.ACCOUNT, account=account)


def on_chghost(state: State, line: Line) -> list[Event]:
    """Make a `chghost`: the source is who it was, the params are the new user and host."""
    new = tuple(line.params[:2])
    return _change(state, line, type=EventType.CHGHOST, params=new)


def on_setname(state: State, line: Line) -> list[Event]:
    """Make a `setname`: the text is the new realname."""
    return _change(state, line, type=EventType.SETNAME, text=line.params[0])


def on_topic(state: State, line: Line) -> list[Event]:
    """Make a `topic`; without a text it was taken away."""
    return _in_channel(state, line, line.params[0], type=EventType.TOPIC, text=_text(line, 1))


def on_invite(state: State, line: Line) -> list[Event]:
    """Make an `invite` in the channel, or beside all channels where we are not in it."""
    invited, name = line.params[:2]
    if target := _known(state, line, name):
        return [_event(line, type=EventType.INVITE, target=target, subject=invited)]
    return [_event(line, type=EventType.INVITE, target=SERVER, subject=invited, params=(name,))]


def on_redact(state: State, line: Line) -> list[Event]:
    """Make a `redact`: `reply_to` is the message that is taken back."""
    name, msgid = line.params[:2]
    return _in_channel(
        state, line, name, type=EventType.REDACT, reply_to=msgid, text=_text(line, 2)
    )


def on_rename(state: State, line: Line) -> list[Event]:
    """Keep RENAME as `other` under both names: where one transcript ends the next begins.

    We parted from the old name and joined the new one, unless the line is history. A name
    that differs in case alone is of the same transcript.
    """
    old, new = line.params[:2]
    target = _known(state, line, old)
    if not (target and state.is_channel(new) and state.admits(new)):
        return on_other(state, line)
    if state.isupport.casemapping.equal(target, new):
        return [_event(line, target=target, **_as_other(line))]
    made = [_event(line, target=name, **_as_other(line)) for name in (target, new)]
    if not line.history_of:
        to, before = f"renamed to {new}", f"renamed from {target}"
        made.append(_own(line, state, type=EventType.PARTED, target=target, text=to))
        made.append(_own(line, state, type=EventType.JOINED, target=new, text=before))
    return made


def on_clearchat(state: State, line: Line) -> list[Event]:
    """Make a `clear` of one person's messages, or without a subject of all; Twitch's."""
    return _in_channel(state, line, line.params[0], type=EventType.CLEAR, subject=_text(line, 1))


def on_clearmsg(state: State, line: Line) -> list[Event]:
    """Make a `redact` of the subject's message, whose text is told once more; Twitch's."""
    msgid, author = line.tags.pop("target-msg-id", ""), line.tags.pop("login", "")
    return _in_channel(
        state,
        line,
        line.params[0],
        type=EventType.REDACT,
        subject=author,
        reply_to=msgid,
        text=_text(line, 1),
    )


def on_usernotice(state: State, line: Line) -> list[Event]:
    """Make a `usernotice` of whom it concerns: subscriptions, raids; Twitch's."""
    nick = line.tags.pop("login", "") or line.source.nick
    return _in_channel(
        state, line, line.params[0], type=EventType.USERNOTICE, nick=nick, text=_text(line, 1)
    )


def on_mode(state: State, line: Line) -> list[Event]:
    """Make a `mode`: the command is the modes, the params are their arguments."""
    _without_keys(state, line, 1)
    name, modes, *arguments = line.params
    fields = {"command": modes, "params": tuple(arguments)}
    if state.is_channel(name):
        return _in_channel(state, line, name, type=EventType.MODE, **fields)
    return [_event(line, type=EventType.MODE, target=SERVER, subject=name, **fields)]


def on_channel_modes(state: State, line: Line) -> list[Event]:
    """Keep RPL_CHANNELMODEIS as `other`, but for the key; not where it was us who asked."""
    if state.isupport.casemapping[line.params[1]] in state.modes_asked:
        return []
    _without_keys(state, line, 2)
    return on_numeric(state, line)


def on_creation_time(state: State, line: Line) -> list[Event]:
    """Keep RPL_CREATIONTIME, which follows the modes, unless we had asked for those."""
    folded = state.isupport.casemapping[line.params[1]]
    if folded in state.modes_asked:
        state.modes_asked.discard(folded)
        return []
    return on_numeric(state, line)


def _without_keys(state: State, line: Line, modes_at: int) -> None:
    """Replace channel keys in a message, so that no event made from it holds them."""
    # Some servers send the modes and their arguments as one parameter.
    modes, *arguments = line.params[modes_at].split(" ") + line.params[modes_at + 1 :]
    safe = hide_keys(modes, arguments, state.isupport.modes_with_argument)
    if safe != arguments:
        line.params[modes_at:] = [modes, *safe]
        line.fields.pop("raw", None)


def hide_keys(modes: str, arguments: list[str], takes_argument: dict[str, str]) -> list[str]:
    """Return the arguments of a mode change with every channel key hidden.

    Where modes and arguments do not go together, any of them may be the key.
    """
    safe = list(arguments)
    position, sign = 0, "+"
    for mode in modes:
        if mode in "+-":
            sign = mode
        elif mode == "k" or sign in takes_argument.get(mode, ""):
            if mode == "k" and position < len(safe):
                safe[position] = HIDDEN
            position += 1
    if "k" in modes and position != len(safe):
        return [HIDDEN] * len(safe)
    return safe


def on_topic_reply(state: State, line: Line) -> list[Event]:
    """Return a `topic` without nick: the topic that stood when we joined."""
    if target := state.membership.name(line.params[1]):
        return [_event(line, type=EventType.TOPIC, target=target, text=line.params[2], nick="")]
    return on_numeric(state, line)


def on_names_reply(state: State, line: Line) -> list[Event]:
    """Keep a list of names that is not of a channel that we are in; others are gathered.

    A `names` is made of those before this line when they are many.
    """
    target = state.membership.name(line.params[2])
    if not target:
        return on_numeric(state, line)
    return _names(state, line, target) if state.names_lists.is_full(target) else []


def on_end_of_names(state: State, line: Line) -> list[Event]:
    """Make a `names` of the names that are gathered."""
    target = state.membership.name(line.params[1])
    if not target:
        return on_numeric(state, line)
    return _names(state, line, target)


def _names(state: State, line: Line, target: str) -> list[Event]:
    text, continued = state.names_lists.take(target)
    fields = {"text": text, "params": (CONTINUED,) if continued else (), "nick": ""}
    return [_event(line, type=EventType.NAMES, target=target, **fields)] if text else []


def on_numeric(state: State, line: Line) -> list[Event]:
    """Keep a numeric under the channel that it speaks of, without the server as its nick."""
    target = state.membership.name(line.params[1]) if len(line.params) > 1 else ""
    fields = dict.fromkeys(("nick", "user", "host"), "")
    return [_event(line, target=target or SERVER, **fields, **_as_other(line))]


def on_whois(state: State, line: Line) -> list[Event]:
    """Return WHOIS lines as `other`; nothing for answers to our own WHOIS of ourselves."""
    ours = state.places is not None and len(line.params) > 1 and state.is_me(line.params[1])
    return [] if ours else on_numeric(state, line)


def on_other(state: State, line: Line) -> list[Event]:
    """Return an `other` with the command and parameters of the line."""
    if not line.message.command:
        text = line.params[0] if line.params else ""
        return [_event(line, type=EventType.OTHER, target=SERVER, text=text)]
    target = _known(state, line, line.params[0]) if line.params else ""
    return [_event(line, target=target or SERVER, **_as_other(line))]


def nothing(_state: State, _line: Line) -> list[Event]:
    """Return no event for lines of the protocol's own machinery."""
    return []


def local_event(state: State, fields: Mapping[str, object], **more: object) -> Event:
    """Make an event of something that we did or noticed ourselves."""
    me = state.me
    own = {"network": state.network, "nick": me.nick, "user": me.user, "host": me.host}
    return Event(**{**own, **fields, **more})  # type: ignore[arg-type]


def _own(line: Line, state: State, **fields: object) -> Event:
    time, received = line.fields["time"], line.fields.get("received", "")
    return local_event(state, {"time": time, "received": received}, **fields)


def _as_other(line: Line) -> dict[str, object]:
    message = line.message
    return {
        "type": EventType.OTHER,
        "command": message.command,
        "params": tuple(message.params),
    }


def _event(line: Line, **fields: object) -> Event:
    return Event(**(line.fields | fields))


def _events(line: Line, targets: list[str], **fields: object) -> list[Event]:
    shared = line.fields | fields
    return [Event(**shared, target=target) for target in targets]


def _ours(state: State, line: Line) -> bool:
    return not line.history_of and state.is_me(line.source.nick)


def _known(state: State, line: Line, name: str) -> str:
    return line.history_of or state.membership.name(name)


def _in_channel(state: State, line: Line, name: str, **fields: object) -> list[Event]:
    if target := _known(state, line, name):
        return _events(line, [target], **fields)
    return on_other(state, line)


def _change(state: State, line: Line, **fields: object) -> list[Event]:
    return _events(line, state.channels_to_tell(line), **fields)


def _text(line: Line, position: int) -> str:
    return line.params[position] if len(line.params) > position else ""


def encode_raw(raw: bytes) -> str:
    """Write bytes as the `raw` of an event."""
    return base64.b64encode(raw).decode()


class Row(NamedTuple):
    """The least parameters of a command, whether it needs a source, and its event function."""

    params: int
    source: bool
    make: Callable[[State, Line], list[Event]]


EVENTS: Final = {
    "PRIVMSG": Row(2, source=False, make=on_message),
    "NOTICE": Row(2, source=False, make=on_message),
    "TAGMSG": Row(1, source=True, make=on_tagmsg),
    "JOIN": Row(1, source=True, make=on_join),
    "PART": Row(1, source=True, make=on_part),
    "KICK": Row(2, source=False, make=on_kick),
    "QUIT": Row(0, source=True, make=on_quit),
    "NICK": Row(1, source=True, make=on_nick),
    "AWAY": Row(0, source=True, make=on_away),
    "ACCOUNT": Row(1, source=True, make=on_account),
    "CHGHOST": Row(2, source=True, make=on_chghost),
    "SETNAME": Row(1, source=True, make=on_setname),
    "TOPIC": Row(1, source=False, make=on_topic),
    "INVITE": Row(2, source=True, make=on_invite),
    "REDACT": Row(2, source=True, make=on_redact),
    "RENAME": Row(2, source=True, make=on_rename),
    "CLEARCHAT": Row(1, source=False, make=on_clearchat),
    "CLEARMSG": Row(1, source=False, make=on_clearmsg),
    "USERNOTICE": Row(1, source=False, make=on_usernotice),
    "WHISPER": Row(2, source=True, make=on_message),
    "MODE": Row(2, source=False, make=on_mode),
    numerics.RPL_CHANNELMODEIS: Row(3, source=False, make=on_channel_modes),
    numerics.RPL_CREATIONTIME: Row(2, source=False, make=on_creation_time),
    numerics.RPL_TOPIC: Row(3, source=False, make=on_topic_reply),
    numerics.RPL_NAMREPLY: Row(4, source=False, make=on_names_reply),
    numerics.RPL_ENDOFNAMES: Row(2, source=False, make=on_end_of_names),
    **dict.fromkeys(numerics.OF_WHOIS, Row(2, source=False, make=on_whois)),
    "PING": Row(0, source=False, make=nothing),
    "PONG": Row(0, source=False, make=nothing),
    "CAP": Row(0, source=False, make=nothing),
    "AUTHENTICATE": Row(0, source=False, make=nothing),
    "BATCH": Row(0, source=False, make=nothing),
}
