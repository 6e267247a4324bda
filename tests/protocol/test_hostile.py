"""Whole lines that no well-behaved server sends, and what becomes of each.

Every row goes through the line buffer, the parser and a session as its bytes
would, and a good line follows it: one bad line never costs the next.
"""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.connection.lines import Lines
from chatlog.protocol.message import KEPT_RAW
from tests.support.conversation import JOINED, WELCOME, Conversation, in_channels, short

GOOD = b":bob!u@h PRIVMSG #a :fine"
FINE = "#a message bob text='fine'"
LONG = b":bob!u@h PRIVMSG #a :" + b"x" * 100_000
LONG_LATIN = b"\xff" * 100_000


def raw(data):
    return f"raw={base64.b64encode(data).decode()!r}"


CUT = ":bob!u@h PRIVMSG #a :привет".encode()[:-1]

ODD_TOKENS = ("log", "PREFIX=x", "CHANMODES=", "TARGMAX=JOIN:x", "=", "ok")

GALLERY = {
    # Bytes
    "Latin-1": (
        b":bob!u@h PRIVMSG #a :caf\xe9",
        ["#a message bob text='café' encoding='cp1252'"],
    ),
    "bytes that no codec but one takes": (
        b":bob!u@h PRIVMSG #a :\x81\xff",
        ["#a message bob text='\\x81ÿ' encoding='latin-1'"],
    ),
    "a nick in Latin-1": (
        b":ren\xe9!u@h PRIVMSG #a :hi",
        ["#a message rené text='hi' encoding='cp1252'"],
    ),
    "a channel in Latin-1 that we are not in": (
        b":bob!u@h PRIVMSG #caf\xe9 :hi",
        ["@server other bob command='PRIVMSG' params=('#café', 'hi') encoding='cp1252'"],
    ),
    "cut inside a character": (CUT, [f"#a message bob text='приве\ufffd' {raw(CUT)}"]),
    "an overlong form of a slash": (
        b":bob!u@h PRIVMSG #a :\xc0\xaf",
        ["#a message bob text='À¯' encoding='cp1252'"],
    ),
    "a surrogate in UTF-8": (
        b":bob!u@h PRIVMSG #a :\xed\xa0\x80",
        ["#a message bob text='í\\xa0€' encoding='cp1252'"],
    ),
    "NUL": (b":bob!u@h PRIVMSG #a :a\0b", ["#a message bob text='a\\x00b'"]),
    "a carriage return inside": (b":bob!u@h PRIVMSG #a :a\rb", ["#a message bob text='a\\rb'"]),
    "many carriage returns at the end": (
        b":bob!u@h PRIVMSG #a :a\r\r\r",
        ["#a message bob text='a'"],
    ),
    "the quoting of old CTCP is text": (
        b":bob!u@h PRIVMSG #a :hello\x10n[12:00] #a <admin> I resign",
        ["#a message bob text='hello\\x10n[12:00] #a <admin> I resign'"],
    ),
    "a C1 control": (
        ":bob!u@h PRIVMSG #a :\x9b2J".encode(),
        ["#a message bob text='\\x9b2J'"],
    ),
    "an escape sequence": (
        b":bob!u@h QUIT :\x1b[2J",
        ["#a quit bob text='\\x1b[2J'", "#b quit bob text='\\x1b[2J'"],
    ),
    "a byte order mark": (
        "\ufeff:bob!u@h PRIVMSG #a :hi".encode(),
        ["@server other - text='\\ufeff:bob!u@h PRIVMSG #a :hi'"],
    ),
    # Lengths
    "100 kB": (LONG, [f"@server other - {raw(LONG[:KEPT_RAW])}"]),
    "100 kB that are not UTF-8": (
        LONG_LATIN,
        [f"@server other - {raw(LONG_LATIN[:KEPT_RAW])}"],
    ),
    "tags of 8191 bytes": (
        b"@a=" + b"x" * 8187 + b" :bob!u@h PRIVMSG #a :hi",
        [f"#a message bob text='hi' tags={{'a': '{'x' * 8187}'}}"],
    ),
    "a thousand tags": (
        b"@" + b";".join(b"k%d" % n for n in range(1000)) + b" :bob!u@h PRIVMSG #a :hi",
        [f"#a message bob text='hi' tags={dict.fromkeys((f'k{n}' for n in range(1000)), '')}"],
    ),
    "a line break in a tag": (
        rb"@a=x\ny\rz :bob!u@h PRIVMSG #a :hi",
        ["#a message bob text='hi' tags={'a': 'x\\ny\\rz'}"],
    ),
    "a lone backslash at the end of a tag": (
        b"@a=x\\ :bob!u@h PRIVMSG #a :hi",
        ["#a message bob text='hi' tags={'a': 'x'}"],
    ),
    # Nothing, or not enough
    "an empty line": (b"", []),
    "only a carriage return": (b"\r", []),
    "only spaces": (b"   ", ["@server other - text='   '"]),
    "a colon": (b":", ["@server other - text=':'"]),
    "a source alone": (b":bob!u@h", ["@server other - text=':bob!u@h'"]),
    "tags alone": (b"@a=b", ["@server other - text='@a=b'"]),
    "garbage": (b"!!! \x00\x01", ["@server other - text='!!! \\x00\\x01'"]),
    "QUIT without a reason": (b":bob!u@h QUIT", ["#a quit bob", "#b quit bob"]),
    "QUIT of nobody": (b"QUIT :x", ["@server other - command='QUIT' params=('x',)"]),
    "PRIVMSG without text": (
        b":bob!u@h PRIVMSG #a",
        ["#a other bob command='PRIVMSG' params=('#a',)"],
    ),
    "PRIVMSG without anything": (b":bob!u@h PRIVMSG", ["@server other bob command='PRIVMSG'"]),
    "PRIVMSG of nobody": (b"PRIVMSG #a :hi", ["#a message - text='hi'"]),
    "PRIVMSG to nobody": (
        b":irc.test PRIVMSG  :hi",
        ["@server other irc.test command='PRIVMSG' params=('hi',)"],
    ),
    "JOIN without a channel": (b":bob!u@h JOIN", ["@server other bob command='JOIN'"]),
    "our JOIN of what is no channel": (
        b":log!u@h JOIN x",
        ["@server other log command='JOIN' params=('x',)"],
    ),
    "PART without a channel": (b":bob!u@h PART", ["@server other bob command='PART'"]),
    "KICK without a nick": (b":bob!u@h KICK #a", ["#a other bob command='KICK' params=('#a',)"]),
    "NICK without a nick": (b":bob!u@h NICK", ["@server other bob command='NICK'"]),
    "NICK to nothing": (b":bob!u@h NICK :", ["#a nick bob", "#b nick bob"]),
    "MODE without modes": (b":bob!u@h MODE #a", ["#a other bob command='MODE' params=('#a',)"]),
    "empty modes": (b":bob!u@h MODE #a :", ["#a mode bob"]),
    "a mode without its argument": (b":bob!u@h MODE #a +o", ["#a mode bob command='+o'"]),
    "TOPIC without a text": (b":bob!u@h TOPIC #a", ["#a topic bob"]),
    "INVITE without a channel": (
        b":bob!u@h INVITE log",
        ["@server other bob command='INVITE' params=('log',)"],
    ),
    "BATCH without a reference": (b"BATCH", []),
    "CAP without anything": (b"CAP", []),
    "001 without a nick": (b":irc.test 001", ["@server other - command='001'"]),
    "005 without tokens": (b":irc.test 005 log", ["@server other - command='005' params=('log',)"]),
    "005 of odd tokens": (
        b":irc.test 005 log PREFIX=x CHANMODES= TARGMAX=JOIN:x = :ok",
        [f"@server other - command='005' params={ODD_TOKENS}"],
    ),
    "324 without modes": (
        b":irc.test 324 log #a",
        ["#a other - command='324' params=('log', '#a')"],
    ),
    "332 without a topic": (
        b":irc.test 332 log #a",
        ["#a other - command='332' params=('log', '#a')"],
    ),
    "353 without names": (
        b":irc.test 353 log = #a",
        ["@server other - command='353' params=('log', '=', '#a')"],
    ),
    "353 without anything": (b":irc.test 353", ["@server other - command='353'"]),
    "366 without a channel": (
        b":irc.test 366 log",
        ["@server other - command='366' params=('log',)"],
    ),
    "433 without anything": (b":irc.test 433", ["@server other - command='433'"]),
    "a numeric of one digit": (b":irc.test 1 log", ["@server other - command='1' params=('log',)"]),
    "a numeric of four digits": (b"0001 log", ["@server other - command='0001' params=('log',)"]),
    # Names
    "a nick that would be our @server": (
        b":@server!u@h QUIT :x",
        ["@server quit @server text='x'"],
    ),
    "a nick of no letters": (b":!u@h PRIVMSG #a :hi", ["#a message - text='hi'"]),
    "a source full of marks": (b":a!b!c@d@e PRIVMSG #a :hi", ["#a message a text='hi'"]),
    "a channel that is a list": (
        b":bob!u@h PRIVMSG #a,#b :hi",
        ["@server other bob command='PRIVMSG' params=('#a,#b', 'hi')"],
    ),
}


@pytest.mark.parametrize(("line", "events"), GALLERY.values(), ids=GALLERY)
def test_a_bad_line_is_kept_as_well_as_can_be_and_the_next_one_is_right(line, events):
    talk, lines = in_channels(), Lines()
    outcome = talk.outcome(*lines.feed(line + b"\r\n" + GOOD + b"\r\n"))
    assert outcome == [*events, FINE]


CHANNELS = [
    "#a/b",
    "#../../etc/passwd",
    "#..",
    "#.",
    "#%2e%2f",
    "#a\xa0b",
    "#a\tb",
    "#\x02bold\x1f",
    "#\x7f\x9b",
    "#" + "x" * 200,
    "#👋",
    "#con",
    "##",
    "#",
]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_may_be_called_anything_and_is_one_target(channel):
    talk = in_channels()
    assert talk.outcome(
        f":log!u@h JOIN {channel}",
        f":bob!u@h JOIN {channel}",
        f":bob!u@h PRIVMSG {channel} :hi",
        f":bob!u@h PRIVMSG {channel} :again",
        f":log!u@h PART {channel}",
    ) == [
        f"{channel} joined log",
        f"{channel} join bob",
        f"{channel} message bob text='hi'",
        f"{channel} message bob text='again'",
        f"{channel} parted log",
    ]


VARIANTS = {
    "ascii": (["#chan[]~", "#CHAN[]~"], ["#chan{}~", "#chan[]^", "#ĉhan[]~"]),
    "rfc1459-strict": (["#chan[]~", "#CHAN{}~"], ["#chan[]^", "#ĉhan[]~"]),
    "rfc1459": (["#chan[]~", "#CHAN{}^", "#chan[}~"], ["#chan[]-", "#ĉhan[]~"]),
}


@pytest.mark.parametrize(("casemapping", "variants"), VARIANTS.items())
def test_case_variants_are_one_channel_exactly_by_the_casemapping(casemapping, variants):
    talk = in_channels(f":irc.test 005 log CASEMAPPING={casemapping} :are supported")
    talk.hear(":log!u@h JOIN #Chan[]~")
    same, other = variants
    assert talk.outcome(*(f":bob!u@h PRIVMSG {name} :hi" for name in same)) == [
        "#Chan[]~ message bob text='hi'"
    ] * len(same)
    targets = {event.target for name in other for event in talk.hear(f":b!u@h PRIVMSG {name} :hi")}
    assert targets == {"@server"}


STREAM = b"\r\n".join(
    [line.encode() for line in WELCOME + JOINED]
    + [row[0] for row in GALLERY.values()]
    + [GOOD, b""]
)
WHOLE = [short(event) for event in Conversation().hear(*Lines().feed(STREAM))]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_the_bytes_are_cut_into_reads_the_events_are_the_same(cuts):
    talk, lines = Conversation(), Lines()
    bounds = [0, *sorted(cuts), len(STREAM)]
    outcome = []
    for start, end in pairwise(bounds):
        outcome += talk.outcome(*lines.feed(STREAM[start:end]))
    assert outcome == WHOLE
    assert outcome[-1] == FINE


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_reads_of_any_fixed_size_give_the_same_events(size):
    talk, lines = Conversation(), Lines()
    outcome = []
    for start in range(0, len(STREAM), size):
        outcome += talk.outcome(*lines.feed(STREAM[start : start + size]))
    assert outcome == WHOLE


def test_no_row_of_the_gallery_is_lost_without_a_trace():
    """Only empty lines and the protocol's own machinery leave no event."""
    silent = [row[0] for row in GALLERY.values() if not row[1]]
    assert all(re.fullmatch(rb"\r*|BATCH|CAP", line) for line in silent)
