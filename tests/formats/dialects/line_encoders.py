"""Encoders of the dialects of lines, as their programs write: the other half of property tests.

An encoder gives the line of an event without its stamp, or None if the dialect has none for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.event import Event

    Encoder = Callable[[Event], str]


def mask(event):
    return f"{event.user}@{event.host}"


def changed(event):
    return " ".join((event.command, *event.params))


def why(event, before=" (", after=")"):
    """Return the reason of an event in brackets, "" if it has none."""
    return f"{before}{event.text}{after}" if event.text else ""


IRSSI = {
    "message": lambda e: f"<@{e.nick}> {e.text}",
    "action": lambda e: f" * {e.nick} {e.text}",
    "notice": lambda e: f"-{e.nick}:{e.target}- {e.text}",
    "join": lambda e: f"-!- {e.nick} [{mask(e)}] has joined {e.target}",
    "part": lambda e: f"-!- {e.nick} [{mask(e)}] has left {e.target} [{e.text}]",
    "quit": lambda e: f"-!- {e.nick} [{mask(e)}] has quit [{e.text}]",
    "kick": lambda e: f"-!- {e.subject} was kicked from {e.target} by {e.nick} [{e.text}]",
    "nick": lambda e: f"-!- {e.nick} is now known as {e.subject}",
    "mode": lambda e: f"-!- mode/{e.target} [{changed(e)}] by {e.nick}",
    "topic": lambda e: f"-!- {e.nick} changed the topic of {e.target} to: {e.text}",
}
WEECHAT = {
    "message": lambda e: f"@{e.nick}\t{e.text}",
    "action": lambda e: f" *\t{e.nick} {e.text}",
    "notice": lambda e: f"--\tNotice({e.nick}) -> {e.target}: {e.text}",
    "join": lambda e: f"-->\t{e.nick} ({mask(e)}) has joined {e.target}",
    "part": lambda e: f"<--\t{e.nick} ({mask(e)}) has left {e.target}{why(e)}",
    "quit": lambda e: f"<--\t{e.nick} ({mask(e)}) has quit{why(e)}",
    "kick": lambda e: f"<--\t{e.nick} has kicked {e.subject}{why(e)}",
    "nick": lambda e: f"--\t{e.nick} is now known as {e.subject}",
    "mode": lambda e: f"--\tMode {e.target} [{changed(e)}] by {e.nick}",
    "topic": lambda e: f'--\t{e.nick} has changed topic for {e.target} to "{e.text}"',
}
ZNC = {
    "message": lambda e: f"<{e.nick}> {e.text}",
    "action": lambda e: f"* {e.nick} {e.text}",
    "notice": lambda e: f"-{e.nick}- {e.text}",
    "join": lambda e: f"*** Joins: {e.nick} ({mask(e)})",
    "part": lambda e: f"*** Parts: {e.nick} ({mask(e)}) ({e.text})",
    "quit": lambda e: f"*** Quits: {e.nick} ({mask(e)}) ({e.text})",
    "kick": lambda e: f"*** {e.subject} was kicked by {e.nick} ({e.text})",
    "nick": lambda e: f"*** {e.nick} is now known as {e.subject}",
    "mode": lambda e: f"*** {e.nick} sets mode: {changed(e)}",
    "topic": lambda e: f"*** {e.nick} changes topic to '{e.text}'",
}
LIMNORIA = ZNC | {
    "join": lambda e: f"*** {e.nick} <{e.nick}!{mask(e)}> has joined {e.target}",
    "part": lambda e: f"*** {e.nick} <{e.nick}!{mask(e)}> has left {e.target}{why(e)}",
    "quit": lambda e: f"*** {e.nick} <{e.nick}!{mask(e)}> has quit IRC{why(e)}",
    "kick": lambda e: f"*** {e.subject} was kicked by {e.nick}{why(e)}",
    "topic": lambda e: f'*** {e.nick} changes topic to "{e.text}"',
}
ENERGYMECH = ZNC | {
    "notice": lambda e: f"-{e.nick}:{e.target}- {e.text}",
    "part": lambda e: f"*** Parts: {e.nick} ({e.nick}!{mask(e)})",
    "quit": lambda e: f"*** Quits: {e.nick} ({e.text})",
    "topic": lambda e: f'*** {e.nick} changes topic to "{e.text}"',
}
EGGDROP = {
    "message": lambda e: f"<{e.nick}> {e.text}",
    "action": lambda e: f"Action: {e.nick} {e.text}",
    "notice": lambda e: f"-{e.nick}:{e.target}- {e.text}",
    "join": lambda e: f"{e.nick} ({mask(e)}) joined {e.target}.",
    "part": lambda e: f"{e.nick} ({mask(e)}) left {e.target}{why(e)}.",
    "quit": lambda e: f"{e.nick} ({mask(e)}) left irc: {e.text}",
    "kick": lambda e: f"{e.subject} kicked from {e.target} by {e.nick}!{mask(e)}: {e.text}",
    "nick": lambda e: f"Nick change: {e.nick} -> {e.subject}",
    "mode": lambda e: f"{e.target}: mode change '{changed(e)}' by {e.nick}!{mask(e)}",
    "topic": lambda e: f"Topic changed on {e.target} by {e.nick}!{mask(e)}: {e.text}",
}
II = {
    "message": lambda e: f"<{e.nick}> {e.text}",
    "action": lambda e: f"<{e.nick}> \x01ACTION {e.text}\x01",
    "notice": lambda e: f'-!- "{e.text}")',
    "join": lambda e: f"-!- {e.nick}({mask(e)}) has joined {e.target}",
    "part": lambda e: f"-!- {e.nick}({mask(e)}) has left {e.target}",
    "quit": lambda e: f'-!- {e.nick}({mask(e)}) has quit "{e.text}"',
    "kick": lambda e: f'-!- {e.nick} kicked {e.subject}  ("{e.text}")',
    "nick": lambda e: f"-!- {e.nick} changed nick to {e.subject}",
    "mode": lambda e: f"-!- {e.nick} changed mode/{e.target} -> {changed(e)}",
    "topic": lambda e: f'-!- {e.nick} changed topic to "{e.text}"',
}
BIP = {
    "message": lambda e: f"< {e.nick}!{mask(e)}: {e.text}",
    "action": lambda e: f"< * {e.nick}!{mask(e)} {e.text}",
    "notice": lambda e: f"< {e.nick}!{mask(e)}: {e.text}",
    "join": lambda e: f"-!- {e.nick}!{mask(e)} has joined {e.target}",
    "part": lambda e: f"-!- {e.nick}!{mask(e)} has left {e.target}{why(e, ' [', ']')}",
    "quit": lambda e: f"-!- {e.nick}!{mask(e)} has quit [{e.text}]",
    "kick": lambda e: f"-!- {e.subject} has been kicked by {e.nick}!{mask(e)} [{e.text}]",
    "nick": lambda e: f"-!- {e.nick} is now known as {e.subject}",
    "mode": lambda e: f"-!- mode/{e.target} [{changed(e)}] by {e.nick}!{mask(e)}",
    "topic": lambda e: f"-!- {e.nick}!{mask(e)} changed topic of {e.target} to: {e.text}",
}

ENCODERS: dict[str, tuple[str, dict[str, Encoder]]] = {
    "irssi": ("%H:%M ", IRSSI),
    "weechat": ("%Y-%m-%d %H:%M:%S\t", WEECHAT),
    "znc": ("[%H:%M:%S] ", ZNC),
    "limnoria": ("%Y-%m-%dT%H:%M:%S  ", LIMNORIA),
    "energymech": ("[%b %d %Y %H:%M:%S] ", ENERGYMECH),
    "eggdrop": ("[%H:%M:%S] ", EGGDROP),
    "ii": ("%s ", II),
    "bip": ("%d-%m-%Y %H:%M:%S ", BIP),
}
"""The stamp of each dialect, in the letters of `strftime`, and its encoder for each type."""
