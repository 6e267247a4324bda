"""Konversation in English: date and time in brackets, the kind of line before a tab."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_TIME,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    Form,
    form,
)
from chatlog.formats.dialects.mode_words import mode_pattern, mode_refine
from chatlog.formats.dialects.text_dialect import TextTable

_CLOCK: Final = (
    r"\[(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:[ \u202f](?P<half>[AP]M))?(?: (?P<zone>UTC|GMT)| [A-Z]{2,5})?\] "
)
_LONG_DATE: Final = (
    r"\[(?:[A-Z][a-z]+,? )?(?:(?P<month>[A-Z][a-z]{2,8}) (?P<day>\d{1,2}),? (?P<year>\d{4}))\] "
)
_DAY_FIRST: Final = (
    r"\[(?:[A-Z][a-z]+,? )?(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2,8}),? (?P<year>\d{4})\] "
)
_GIVEN: Final = {
    "gives channel owner privileges to": "+q",
    "takes channel owner privileges from": "-q",
    "gives channel admin privileges to": "+a",
    "takes channel admin privileges from": "-a",
    "gives channel operator privileges to": "+o",
    "takes channel operator privileges from": "-o",
    "gives channel halfop privileges to": "+h",
    "takes channel halfop privileges from": "-h",
    "takes the permission to talk from": "-v",
    "sets a ban on": "+b",
    "removes the ban on": "-b",
    "sets a ban exception on": "+e",
    "removes the ban exception on": "-e",
    "sets a quiet on": "+q",
    "removes the quiet on": "-q",
    "sets invitation mask": "+I",
    "removes the invitation mask": "-I",
}
_SET: Final = {
    "sets the channel mode to 'no colors allowed'": "+c",
    "sets the channel mode to 'allow color codes'": "-c",
    "sets the channel mode to 'invite only'": "+i",
    "removes the 'invite only' mode from the channel": "-i",
    "sets the channel mode to 'moderated'": "+m",
    "sets the channel mode to 'unmoderated'": "-m",
    "sets the channel mode to 'no messages from outside'": "+n",
    "sets the channel mode to 'allow messages from outside'": "-n",
    "sets the channel mode to 'private'": "+p",
    "sets the channel mode to 'public'": "-p",
    "sets the channel mode to 'secret'": "+s",
    "sets the channel mode to 'visible'": "-s",
    "removes the channel key": "-k",
    "removes the channel limit": "-l",
    "switches on 'topic protection'": "+t",
    "switches off 'topic protection'": "-t",
}
_ARGUED: Final = {"sets the channel key to": "+k", "sets the channel limit to": "+l"}
_OF_YOU: Final = {
    "gives": "give",
    "takes": "take",
    "sets": "set",
    "removes": "remove",
    "switches": "switch",
}
_VOICE: Final = {"gives": "+v"}


def _modes(words: dict[str, str], rest: str) -> tuple[Form, Form]:
    """Return the forms of modes in words, by others and by the program's user."""
    own = {
        _OF_YOU[verb] + each[len(verb) :]: mode
        for each, mode in words.items()
        for verb in each.split()[:1]
    }
    return (
        form(
            EventType.MODE,
            "Mode\t",
            rf"You {mode_pattern(own)}{rest}",
            mode_refine(own),
            is_own=True,
        ),
        form(EventType.MODE, "Mode\t", rf"{NICK} {mode_pattern(words)}{rest}", mode_refine(words)),
    )


TABLE: Final = TextTable(
    name="konversation",
    stamps=(_LONG_DATE + _CLOCK, _DAY_FIRST + _CLOCK, rf"\[{CLOCK_TIME}:(?P<second>\d\d)\] "),
    forms=(
        form(EventType.MESSAGE, "<", rf"[~&@%+!]?(?P<nick>[^>\s]+)>\t{TEXT}"),
        form(EventType.ACTION, "\t * ", rf"{NICK} {TEXT}"),
        form(EventType.NOTICE, "Notice\t-", rf"(?P<nick>\S+) to {TARGET}- {TEXT}"),
        form(EventType.NOTICE, "Notice\t-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(EventType.JOIN, "Join\t", rf"{NICK} \({MASK}\) has joined this channel\."),
        form(
            EventType.JOIN,
            "Join\t",
            rf"You \({MASK}\) have joined the channel {TARGET}\.",
            is_own=True,
        ),
        form(
            EventType.PART, "Part\t", rf"{NICK} \({MASK}\) has left this channel(?: \({TEXT}\))?\."
        ),
        form(
            EventType.PART,
            "Part\t",
            rf"You \({MASK}\) have left channel {TARGET}(?: \({TEXT}\))?\.",
            is_own=True,
        ),
        form(
            EventType.QUIT, "Quit\t", rf"{NICK} \({MASK}\) has left this server(?: \({TEXT}\))?\."
        ),
        form(
            EventType.KICK,
            "Kick\t",
            rf"{SUBJECT} (?:has been|was) kicked from the channel by (?P<nick>\S+?)"
            rf"(?: \({TEXT}\))?\.?",
        ),
        form(
            EventType.KICK,
            "Kick\t",
            rf"You have been kicked from channel {TARGET} by (?P<nick>\S+?)(?: \({TEXT}\))?\.",
            is_own=True,
        ),
        form(
            EventType.KICK,
            "Kick\t",
            r"You have kicked (?P<subject>\S+) from the channel(?: \((?P<text>.*)\))?\.",
            is_own=True,
        ),
        form(EventType.NICK, "Nick\t", r"You are now known as (?P<subject>\S+?)\.?", is_own=True),
        form(EventType.NICK, "Nick\t", rf"{NICK} is now known as (?P<subject>\S+?)\.?"),
        form(EventType.TOPIC, "Topic\t", rf'You set the channel topic to "{TEXT}"\.', is_own=True),
        form(EventType.TOPIC, "Topic\t", rf'{NICK} sets the channel topic to "{TEXT}"\.'),
        form(NOISE, "Topic\t", r"The (?:channel topic is|topic was set by) .*"),
        *_modes(_VOICE, r" (?P<to>\S+) permission to talk\."),
        *_modes(_GIVEN, r" (?P<to>(?!you(?:rself)?\.$)\S+)\."),
        *_modes(_SET, r"\."),
        *_modes(_ARGUED, r" '?(?P<to>[^\s']+)'?(?: nicks?)?\."),
        form(EventType.MODE, "Mode\t", r"You set channel mode (?P<params>[+-]\S+)", is_own=True),
        form(EventType.MODE, "Mode\t", rf"{NICK} sets channel mode (?P<params>[+-]\S+)"),
    ),
    marks=(form(NOISE, "*** ", r"(?:Logfile started|on [A-Z].*)"),),
)

DIALECT: Final = Dialect(
    name="konversation",
    title="Konversation (English)",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(
        "logs/{network}_#{hashless}.log",
        "konversation/logs/{network}_{channel}.log",
    ),
    loss=Loss(),
    lacks="the zone, hosts of speakers, bytes, several modes at once, modes given to the"
    " program's user; other languages",
)
