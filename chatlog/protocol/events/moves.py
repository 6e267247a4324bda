"""The events of who comes, goes and is invited, and of a channel that gets another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import SERVER
from chatlog.protocol.events.rows import (
    JOINED,
    OTHER,
    PARTED,
    in_channel,
    is_ours,
    known,
    of_person,
    on_other,
    own_event,
    text_at,
)

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

NO_ACCOUNT: Final = "*"
"""The name of the account of somebody who is not logged in."""


def on_join(state: State, line: Line, row: Row) -> list[Event]:
    """Make events of JOIN, with account and realname where extended-join gives them.

    If it is we who join a channel that we were in, the server removed us silently before.
    """
    name = line.params[0]
    account, realname = _extended(line.params) if len(line.params) > 1 else (None, "")
    if not is_ours(state, line):
        if target := known(state, line, name):
            return [line.event(row.type, target, realname, account=account)]
        return on_other(state, line)
    if not (state.is_channel(name) and state.admits(name)):
        return on_other(state, line)
    # Without our own realname, where the recorder has more to say.
    joined = line.event(JOINED, name, account=account)
    if not (left := state.membership.name(name)):
        return [joined]
    return [own_event(state, PARTED, left, "removed", line.time, received=line.received), joined]


def _extended(params: list[str]) -> tuple[str | None, str]:
    """Return the account and realname of extended-join; one parameter alone is no account.

    None is no account but that of the tags.
    See https://ircv3.net/specs/extensions/extended-join
    """
    _, *rest = params
    account = rest.pop(0) if len(rest) > 1 else NO_ACCOUNT
    return None if account == NO_ACCOUNT else account, " ".join(rest)


def on_part(state: State, line: Line, row: Row) -> list[Event]:
    """Make an event of PART; of ours, a `parted`."""
    if not is_ours(state, line):
        return in_channel(state, line, row)
    if target := state.membership.name(line.params[0]):
        return [line.event(PARTED, target, text_at(line, row.text))]
    return on_other(state, line)


def on_kick(state: State, line: Line, row: Row) -> list[Event]:
    """Make events of KICK; when it is we who are kicked, we also parted."""
    target, kicked = known(state, line, line.params[0]), line.params[1]
    if not target:
        return on_other(state, line)
    made = [line.event(row.type, target, text_at(line, row.text), kicked)]
    if state.is_me(kicked) and not line.history_of:
        made.append(own_event(state, PARTED, target, "kicked", line.time, received=line.received))
    return made


def on_quit(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `quit` in every channel in which that person was; ours is in `@server`.

    In our channels, the end of the connection that follows is a `parted`.
    """
    if is_ours(state, line):
        return [line.event(row.type, SERVER, text_at(line, row.text))]
    return of_person(state, line, row)


def on_account(state: State, line: Line, row: Row) -> list[Event]:
    """Make an `account`; without an account, that person logged out."""
    account = "" if line.params[0] == NO_ACCOUNT else line.params[0]
    targets = state.channels_to_tell(line)
    return [line.event(row.type, target, account=account) for target in targets]


def on_chghost(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `chghost`: the source is who it was, the params are the new user and host."""
    new = tuple(line.params[:2])
    targets = state.channels_to_tell(line)
    return [line.event(row.type, target, params=new) for target in targets]


def on_invite(state: State, line: Line, row: Row) -> list[Event]:
    """Make an `invite` in the channel, or beside all channels where we are not in it."""
    invited, name = line.params[:2]
    if target := known(state, line, name):
        return [line.event(row.type, target, subject=invited)]
    return [line.event(row.type, SERVER, subject=invited, params=(name,))]


def on_rename(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep RENAME as `other` under both names: where one transcript ends the next begins.

    We parted from the old name and joined the new one, unless the line is history. A name
    that differs in case alone is of the same transcript.
    """
    old, new = line.params[:2]
    target = known(state, line, old)
    if not (target and state.admits_channel(new)):
        return on_other(state, line)
    is_same = state.isupport.casemapping.equal(target, new)
    places = [target] if is_same else [target, new]
    command, params = line.message.command, tuple(line.message.params)
    made = [line.event(OTHER, place, command=command, params=params) for place in places]
    if not (is_same or line.history_of):
        to, before, received = f"renamed to {new}", f"renamed from {target}", line.received
        made.append(own_event(state, PARTED, target, to, line.time, received=received))
        made.append(own_event(state, JOINED, new, before, line.time, received=received))
    return made
