"""The commands of the demo server: one function and one row for each.

A command with too few parameters, or before registration, gets the numeric
that a real server would send.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.demo.chathistory import PAGE, on_chathistory
from chatlog.demo.clients import Channel
from chatlog.protocol.message import parse_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.demo.clients import Client
    from chatlog.demo.state import ServerState
    from chatlog.protocol.message import Message

_NICK: Final = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,31}")
_STATUS: Final = {"@": "o", "+": "v"}
_ARGUMENT_ALWAYS: Final = "bkov"
_ARGUMENT_WHEN_SET: Final = "l"


def handle(server: ServerState, client: Client, line: bytes) -> None:
    """Run one line of a client; a line without a command is ignored."""
    message = parse_text(line.decode(errors="surrogateescape"))
    if message.command:
        run(server, client, message)


def run(server: ServerState, client: Client, message: Message) -> None:
    """Run the command of a message."""
    row = COMMANDS.get(message.command)
    if not client.registered and (row is None or not row.early):
        server.numeric(client, "451", "You have not registered")
    elif row is None:
        server.numeric(client, "421", message.command, "Unknown command")
    elif len(message.params) < row.params:
        server.numeric(client, "461", message.command, "Not enough parameters")
    else:
        row.do(server, client, message)


def on_cap(server: ServerState, client: Client, message: Message) -> None:
    """Negotiate capabilities."""
    if not server.answers_cap:
        return
    sub, names = message.params[0].upper(), message.params[-1].split()
    if sub in ("LS", "REQ"):
        client.negotiating = not client.registered
    if sub in ("LS", "LIST"):
        listed = server.capabilities if sub == "LS" else sorted(client.capabilities)
        server.send(client, "CAP", client.nick or "*", sub, " ".join(listed))
    elif sub == "REQ":
        known = all(name.lstrip("-") in server.capabilities for name in names)
        answer = "ACK" if known else "NAK"
        if known:
            client.capabilities.update(name for name in names if name[0] != "-")
            client.capabilities.difference_update(name[1:] for name in names)
        server.send(client, "CAP", client.nick or "*", answer, " ".join(names))
    elif sub == "END":
        client.negotiating = False
        _welcome(server, client)


def on_nick(server: ServerState, client: Client, message: Message) -> None:
    """Set or change a client's nick."""
    nick = message.params[0]
    holder = server.client(nick)
    if not _NICK.fullmatch(nick):
        server.numeric(client, "432", nick, "Erroneous nickname")
    elif holder is not None and holder is not client:
        server.numeric(client, "433", nick, "Nickname is already in use")
    elif client.registered:
        server.broadcast([client, *server.peers(client)], client, "NICK", nick)
        client.nick = nick
    else:
        client.nick = nick
        _welcome(server, client)


def on_user(server: ServerState, client: Client, message: Message) -> None:
    """Set a client's user name and realname."""
    client.user, client.realname = f"~{message.params[0]}", message.params[3]
    _welcome(server, client)


def _welcome(server: ServerState, client: Client) -> None:
    if client.registered or client.negotiating or not (client.nick and client.user):
        return
    client.registered = True
    server.numeric(client, "001", f"Welcome, {client.nick}")
    server.numeric(client, "002", f"Your host is {server.name}")
    tokens = (
        f"CASEMAPPING={server.casemapping.name}",
        "CHANMODES=b,k,l,imnpst",
        "CHANTYPES=#",
        f"CHATHISTORY={PAGE}",
        "MSGREFTYPES=timestamp,msgid",
        f"NETWORK={server.network}",
        "NICKLEN=32",
        "PREFIX=(ov)@+",
        "STATUSMSG=@+",
        "TARGMAX=JOIN:10",
    )
    server.numeric(client, "005", *tokens, "are supported by this server")
    server.numeric(client, "422", "There is no message of the day")


def on_ping(server: ServerState, client: Client, message: Message) -> None:
    """Answer a PING."""
    server.send(client, "PONG", server.name, message.params[-1])


def on_join(server: ServerState, client: Client, message: Message) -> None:
    """Add a client to channels."""
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    for position, name in enumerate(message.params[0].split(",")):
        key = keys[position] if position < len(keys) else ""
        if not re.fullmatch(r"#[^\0\a\r\n ,]{0,199}", name):
            server.numeric(client, "403", name, "No such channel")
            continue
        channel = server.channels.setdefault(server.casemapping[name], Channel(name))
        if channel.key != key and channel.key:
            server.numeric(client, "475", channel.name, "Cannot join channel (+k)")
        elif client not in channel.members:
            _enter(server, client, channel)


def _enter(server: ServerState, client: Client, channel: Channel) -> None:
    channel.members[client] = "" if channel.members else "o"
    extended = [each for each in channel.members if "extended-join" in each.capabilities]
    others = [each for each in channel.members if each not in extended]
    words = ("JOIN", channel.name)
    server.broadcast(extended, client, *words, client.account or "*", client.realname)
    server.broadcast(others, client, *words)
    if channel.topic:
        server.numeric(client, "332", channel.name, channel.topic)
    _names(server, client, channel)


def _names(server: ServerState, client: Client, channel: Channel) -> None:
    every = "multi-prefix" in client.capabilities
    full = "userhost-in-names" in client.capabilities
    names = [
        channel.prefixes(each, every=every) + (each.mask if full else each.nick)
        for each in channel.members
    ]
    server.numeric(client, "353", "=", channel.name, " ".join(names))
    server.numeric(client, "366", channel.name, "End of /NAMES list")


def on_part(server: ServerState, client: Client, message: Message) -> None:
    """Remove a client from a channel."""
    if channel := _joined(server, client, message.params[0]):
        server.broadcast(channel.members, client, "PART", channel.name, *message.params[1:])
        server.leave(channel, client)


def _joined(server: ServerState, client: Client, name: str) -> Channel | None:
    channel = server.channel(name)
    if channel is None or client not in channel.members:
        server.numeric(client, "442", name, "You're not on that channel")
        return None
    return channel


def on_say(server: ServerState, client: Client, message: Message) -> None:
    """Pass on a message to a channel, to its operators, or to a client."""
    target = message.params[0]
    receivers = _receivers(server, client, target)
    if receivers is None:
        if message.command != "NOTICE":
            server.numeric(client, "401", target, "No such nick or channel")
        return
    if "echo-message" in client.capabilities:
        receivers.append(client)
    tags = {key: value for key, value in message.tags().items() if key[0] == "+"}
    needs = "message-tags" if message.command == "TAGMSG" else ""
    server.broadcast(
        receivers, client, message.command, *message.params[:2], tags=tags, requires=needs
    )


def _receivers(server: ServerState, client: Client, target: str) -> list[Client] | None:
    name = target.lstrip("@+")
    if channel := server.channel(name):
        modes = [_STATUS[sign] for sign in target[: len(target) - len(name)]]
        return [
            member
            for member, has in channel.members.items()
            if member is not client and (not modes or any(mode in has for mode in modes))
        ]
    receiver = server.client(target)
    return None if receiver is None else [receiver]


def on_topic(server: ServerState, client: Client, message: Message) -> None:
    """Set a channel's topic."""
    if channel := _joined(server, client, message.params[0]):
        channel.topic = message.params[1]
        server.broadcast(channel.members, client, "TOPIC", channel.name, channel.topic)


def on_kick(server: ServerState, client: Client, message: Message) -> None:
    """Kick a client out of a channel."""
    channel = _joined(server, client, message.params[0])
    kicked = server.client(message.params[1])
    if channel and kicked in channel.members:
        words = message.params[2:] or [client.nick]
        server.broadcast(channel.members, client, "KICK", channel.name, message.params[1], *words)
        server.leave(channel, kicked)


def on_mode(server: ServerState, client: Client, message: Message) -> None:
    """Change modes: status and key of a channel take effect, others are only relayed."""
    if len(message.params) < 2:  # noqa: PLR2004 - a question, which no recorder asks
        return
    if message.params[0][:1] != "#":
        server.broadcast([client], client, "MODE", client.nick, message.params[1])
    elif channel := _joined(server, client, message.params[0]):
        _apply(server, channel, message.params[1], message.params[2:])
        server.broadcast(channel.members, client, "MODE", channel.name, *message.params[1:])


def _apply(server: ServerState, channel: Channel, modes: str, arguments: list[str]) -> None:
    sign, left = "+", iter(arguments)
    for mode in modes:
        if mode in "+-":
            sign = mode
            continue
        takes = mode in _ARGUMENT_ALWAYS or (sign == "+" and mode in _ARGUMENT_WHEN_SET)
        argument = next(left, "") if takes else ""
        if mode == "k":
            channel.key = argument if sign == "+" else ""
        elif mode in _STATUS.values() and (member := server.client(argument)) in channel.members:
            has = channel.members[member].replace(mode, "")
            channel.members[member] = has + mode if sign == "+" else has


def on_invite(server: ServerState, client: Client, message: Message) -> None:
    """Invite a client; with invite-notify the channel is told."""
    invited, channel = server.client(message.params[0]), server.channel(message.params[1])
    if invited is None or channel is None:
        server.numeric(client, "401", message.params[0], "No such nick or channel")
        return
    words = ("INVITE", invited.nick, channel.name)
    server.broadcast([invited], client, *words)
    others = [member for member in channel.members if member is not client]
    server.broadcast(others, client, *words, requires="invite-notify")


def on_away(server: ServerState, client: Client, message: Message) -> None:
    """Set or clear the away message."""
    client.away = message.params[0] if message.params else ""
    words = ["AWAY", client.away] if client.away else ["AWAY"]
    server.broadcast(server.peers(client), client, *words, requires="away-notify")


def on_setname(server: ServerState, client: Client, message: Message) -> None:
    """Change the realname."""
    client.realname = message.params[0]
    to = [client, *server.peers(client)]
    server.broadcast(to, client, "SETNAME", client.realname, requires="setname")


def on_quit(server: ServerState, client: Client, message: Message) -> None:
    """End a client's connection."""
    server.close(client, f"Quit: {message.params[0]}" if message.params else "Quit")


def nothing(_server: ServerState, _client: Client, _message: Message) -> None:
    """Accept a command without effect."""


class CommandRow(NamedTuple):
    """A command: the least number of parameters, its function, and if it is allowed `early`.

    An early command is allowed before registration.
    """

    params: int
    do: Callable[[ServerState, Client, Message], None]
    early: bool = False


COMMANDS: Final = {
    "CAP": CommandRow(1, on_cap, early=True),
    "NICK": CommandRow(1, on_nick, early=True),
    "USER": CommandRow(4, on_user, early=True),
    "PING": CommandRow(1, on_ping, early=True),
    "QUIT": CommandRow(0, on_quit, early=True),
    "PONG": CommandRow(0, nothing, early=True),
    "JOIN": CommandRow(1, on_join),
    "PART": CommandRow(1, on_part),
    "PRIVMSG": CommandRow(2, on_say),
    "NOTICE": CommandRow(2, on_say),
    "TAGMSG": CommandRow(1, on_say),
    "TOPIC": CommandRow(2, on_topic),
    "KICK": CommandRow(2, on_kick),
    "MODE": CommandRow(1, on_mode),
    "INVITE": CommandRow(2, on_invite),
    "AWAY": CommandRow(0, on_away),
    "SETNAME": CommandRow(1, on_setname),
    "CHATHISTORY": CommandRow(2, on_chathistory),
}
