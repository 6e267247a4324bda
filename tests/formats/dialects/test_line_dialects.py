"""Dialects of lines: what their programs write is read again, and no line is lost or forged."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.alignment.losses import Loss
from chatlog.casemapping import Casemapping
from chatlog.event import Event, format_time
from chatlog.formats import jsonl
from chatlog.formats.dialects.chatlog_text import ChatlogTextDecoder
from chatlog.formats.dialects.dialect import MOST_ODD_LINES, LogFacts, NoDateError
from chatlog.formats.dialects.text_dialect import TextDecoder
from chatlog.formats.plain import Plain
from chatlog.ingest.dialects import DIALECTS, dialect_named
from tests.formats.dialects.line_encoders import ENCODERS

GOLDEN = Path(__file__).parents[2] / "golden"
NOT_LOGS = {"case.json", "expected.jsonl"}
FACTS = LogFacts(network="net", target="#c", date="2026-11-23")
LINES = [
    each for each in DIALECTS if isinstance(each.decoder(FACTS), TextDecoder | ChatlogTextDecoder)
]
MORNING = datetime(2026, 11, 23, tzinfo=UTC)


def golden_lines(name):
    """Return the lines of all golden logs of a dialect."""
    return [
        line
        for path in sorted(GOLDEN.glob(f"dialects/{name}/*/**/*"))
        if path.is_file() and path.name not in NOT_LOGS
        for line in path.read_bytes().split(b"\n")
    ]


GOLDEN_LINES = {each.name: golden_lines(each.name) for each in LINES}
LOOK_LIKE_EVENTS = sorted(
    {
        line.decode(errors="replace").replace("\r", "").replace("\0", "")
        for lines in GOLDEN_LINES.values()
        for line in lines
    }
    - {""}
)


def decoded(name, log, /, **facts):
    decoder = dialect_named(name).decoder(LogFacts(**{"network": "net", "target": "#c", **facts}))
    return decoder, [event for some in decoder.events([log]) for event in some]


nicks = st.from_regex(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,12}", fullmatch=True)
hosts = st.from_regex(r"[a-z0-9][a-z0-9:./-]{0,20}[a-z0-9]", fullmatch=True)
words = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), min_size=1, max_size=60
) | st.sampled_from(LOOK_LIKE_EVENTS)
modes = st.tuples(st.sampled_from("+-"), st.sampled_from("ovb"), nicks)


@st.composite
def some_events(draw, kinds):
    """Draw the events of a morning, a minute apart, with the fields that the wire gives them."""
    events = []
    for minute in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(kinds))
        fields = {
            "time": format_time(int((MORNING + timedelta(minutes=minute)).timestamp()) * 1000),
            "network": "net",
            "target": "#c",
            "type": kind,
            "nick": draw(nicks),
            "user": draw(nicks),
            "host": draw(hosts),
        }
        if kind in {"message", "action", "notice", "part", "quit", "kick", "topic"}:
            fields["text"] = draw(words)
        if kind in {"part", "quit", "kick"} and draw(st.booleans()):
            fields["text"] = ""
        if kind in {"nick", "kick"}:
            fields["subject"] = draw(nicks)
        if kind == "mode":
            sign, letter, to = draw(modes)
            fields |= {"command": sign + letter, "params": (to,)}
        events.append(Event(**fields))
    return events


def log_of(name, events):
    """Return the log that a program writes of events."""
    stamp, encoders = ENCODERS[name]
    lines = []
    for event in events:
        moment = datetime.fromisoformat(event.time)
        shown = moment.strftime(stamp.replace("%s", str(int(moment.timestamp()))))
        lines.append(shown + encoders[event.type](event) + "\n")
    return "".join(lines).encode()


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_events_are_read_again_as_their_dialect_can_hold_them(name, data):
    events = data.draw(some_events(sorted(ENCODERS[name][1])))
    if name == "ii":  # which writes an action so
        events = [each for each in events if not each.text.startswith("\x01ACTION ")]
    decoder, found = decoded(name, log_of(name, events), date="2026-11-23")
    loss = dialect_named(name).loss
    assert [(each.time, loss.key_of(each, Casemapping())) for each in found] == [
        (each.time, loss.key_of(each, Casemapping())) for each in events
    ]
    for each, event in zip(found, events, strict=True):
        assert (each.user or event.user, each.host or event.host) == (event.user, event.host)
        assert not each.text or each.text == event.text
    assert (decoder.tally.understood, decoder.tally.lines) == (len(events), len(events))


@pytest.mark.parametrize("name", ENCODERS)
def test_a_message_that_looks_like_any_line_of_any_log_is_a_message(name):
    events = [
        Event(
            time="2026-11-23T00:00:00.000Z",
            network="net",
            target="#c",
            type=kind,
            nick="mal",
            user="m",
            host="evil.example",
            text=text,
        )
        for text in LOOK_LIKE_EVENTS
        for kind in ("message", "action")
        if not text.startswith("\x01")
    ]
    _, found = decoded(name, log_of(name, events), date="2026-11-23")
    assert [(each.type, each.nick, each.text) for each in found] == [
        (each.type, each.nick, each.text) for each in events
    ]


@st.composite
def some_bytes(draw, name):
    """Draw a log that is damaged, or is none: lines of the dialect with bytes put into them."""
    lines = draw(st.lists(st.sampled_from(GOLDEN_LINES[name]) | st.binary(max_size=60), max_size=8))
    log = b"\n".join(lines)
    at = draw(st.integers(0, len(log)))
    return log[:at] + draw(st.binary(max_size=6)) + log[at + draw(st.integers(0, 6)) :]


@pytest.mark.parametrize("name", GOLDEN_LINES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_line_of_any_bytes_counts_once(name, data):
    log = data.draw(some_bytes(name))
    if log[:2] in {b"\xff\xfe", b"\xfe\xff"}:  # of UTF-16, which has other line ends
        log = b"x" + log
    lines = log.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").split(b"\n")
    expected = len(lines) if log.removeprefix(b"\xef\xbb\xbf") else 0
    decoder, events = None, []
    with suppress(NoDateError):
        decoder, events = decoded(name, log)
    if decoder is None:  # no date is known; the user tells one
        decoder, events = decoded(name, log, date="2026-11-23")
    tally = decoder.tally
    assert tally.lines == expected
    assert len(decoder.odd) == min(tally.unknown + tally.ambiguous, MOST_ODD_LINES)
    assert not events or tally.understood + tally.ambiguous


@pytest.mark.parametrize("name", GOLDEN_LINES)
def test_odd_lines_are_kept_within_bounds(name):
    decoder, _ = decoded(name, b"in no form\n" * (MOST_ODD_LINES + 5), date="2026-11-23")
    assert decoder.tally.unknown == MOST_ODD_LINES + 5
    assert len(decoder.odd) == MOST_ODD_LINES


REPEATED = ("(", ") (", "[a@b] ", '" to "', ": ", "a@", " ", "-")


@pytest.mark.parametrize("name", GOLDEN_LINES)
def test_no_line_takes_a_time_that_grows_with_the_square_of_its_length(name):
    heads = {
        b" ".join(line.split(b" ")[:count])
        for line in GOLDEN_LINES[name][:40]
        for count in (3, 5, 7)
    }
    for head in sorted(heads):
        for piece in REPEATED:
            line = head + b" " + piece.encode() * (20_000 // len(piece))
            begin = time.process_time()
            decoded(name, line + b"\n", date="2026-11-23")
            assert time.process_time() - begin < 1, line[:100]


def test_a_message_goes_on_in_lines_without_a_stamp_within_bounds():
    log = b"2026-11-23 19:31:03\t@ann\tfirst\n" + (b"x" * 1000 + b"\n") * 100
    decoder, [event] = decoded("weechat", log)
    assert event.text.startswith("first\nxxx")
    assert 64 * 1024 <= len(event.text) <= 66 * 1024
    assert decoder.tally.unknown > 0


def test_a_line_without_a_stamp_behind_no_message_is_not_understood():
    log = b"2026-11-23 19:31:03\t--\tann is now known as eve\nwhat is this\n"
    decoder, [event] = decoded("weechat", log)
    assert (event.type, decoder.tally.unknown) == ("nick", 1)


def test_a_repeat_behind_another_line_cannot_be_told():
    log = b"[19:31:03] <ann> hi\n[19:31:04] what\n[19:31:05] Last message repeated 2 time(s).\n"
    decoder, events = decoded("eggdrop", log, date="2026-11-23")
    assert len(events) == 1
    assert decoder.tally.notes == {"messages said again that cannot be told": 2}


@pytest.mark.parametrize(
    ("change", "params"),
    [
        (b"+k sesame", ("*",)),
        (b"+ok ann sesame", ("ann", "*")),
        (b"-k+l sesame 5", ("*", "5")),
        (b"+kX sesame more", ("*", "*")),
    ],
)
def test_a_key_of_a_channel_is_hidden(change, params):
    _, [event] = decoded("znc", b"[19:31:03] *** ann sets mode: " + change, date="2026-11-23")
    assert event.params == params


def test_an_own_line_without_a_known_nick_is_told():
    log = b"2026-11-23 19:31:03\t--\tNotice -> ben: hi\n"
    decoder, [event] = decoded("weechat", log)
    assert (event.nick, event.target) == ("", "ben")
    assert decoder.tally.notes == {
        "lines by the program's user, whose nick the log does not tell": 1
    }


@pytest.mark.parametrize(("count", "events"), [(b"2", 3), (b"100", 101), (b"101", 1)])
def test_a_repeat_gives_no_more_events_than_there_are_lines_to_believe(count, events):
    log = (
        b"[19:31:03] <ann> hi\n"
        + (b"[19:31:05] Last message repeated " + count + b" time(s).\n") * 2
    )
    decoder, made = decoded("eggdrop", log, date="2026-11-23")
    assert len(made) == events
    assert "messages said again that cannot be told" in decoder.tally.notes


@pytest.mark.parametrize(
    "line",
    [
        b"[19:31:03] [ben!~b@home] psst ",
        b"[19:31:03] -ben (~b@home)- psst",
        b"[19:31:03] Action to rec: ben psst",
    ],
)
def test_words_to_the_bot_alone_are_in_no_channel(line):
    log = line + b"\n[19:31:04] ann (~a@home) joined #c.\n"
    decoder, [alone, joined] = decoded("eggdrop", log, date="2026-11-23")
    assert (alone.target, alone.nick, alone.text) == ("ben", "ben", "psst")
    assert (joined.target, decoder.target) == ("#c", "#c")


@pytest.mark.parametrize(
    ("dialect", "name", "line"),
    [
        ("hexchat", "logs/net/net.log", b"Nov 23 19:31:03 *\tWelcome to the network\n"),
        ("hexchat", "logs/net/server.log", b"Nov 23 19:31:03 *\tLooking up irc.example\n"),
        ("hexchat", "logs/net/.log", b"Nov 23 19:31:03 *\tConnected. Now logging in.\n"),
        ("hexchat", "logs/net/irc.example.log", b"Nov 23 19:31:03 *\tMOTD skipped\n"),
        ("hexchat", "xchatlogs/net-net.log", b"Nov 23 19:31:03 *\tWelcome to the network\n"),
        ("weechat", "irc.server.net.weechatlog", b"2026-11-23 19:31:03\t--\tWelcome\n"),
        ("weechat", "core.weechat.weechatlog", b"2026-11-23 19:31:03\t\tPlugins loaded: irc\n"),
        ("weechat", "core.weechat.weechatlog", b"2026-11-23 19:31:03\t=!=\tOption not found\n"),
    ],
)
def test_the_window_of_no_channel_gives_no_words_of_people(dialect, name, line):
    decoder, events = decoded(dialect, line, name=name, date="2026-11-23")
    assert events == []
    assert (decoder.tally.noise, decoder.tally.lines) == (1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "logs/net/#net.log",
        "logs/net/#a.b.log",
        "logs/net/servers.log",
        "logs/net/nets.log",
        "xchatlogs/irc.example-#net.log",
        "xchatlogs/irc.example-ann.log",
        "",
    ],
)
def test_actions_in_the_window_of_people_are_actions(name):
    line = b"Nov 23 19:31:03 *\tann nods\n"
    _, [event] = decoded("hexchat", line, name=name, date="2026-11-23")
    assert (event.type, event.nick, event.text) == ("action", "ann", "nods")


def test_a_notice_in_a_query_is_told_by_its_nick_alone():
    line = b"2026-11-23 19:31:03\t--\tben: a word\n"
    _, [event] = decoded("weechat", line, target="ben")
    assert (event.type, event.nick, event.text) == ("notice", "ben", "a word")
    decoder, events = decoded("weechat", line, target="#c")
    assert (events, decoder.tally.unknown) == ([], 1)


def test_an_invitation_in_the_window_of_the_server_is_of_its_channel():
    line = b"2026-11-23 19:31:03\t--\tann has invited dan to #c\n"
    _, [event] = decoded("weechat", line, name="irc.server.net.weechatlog", target="")
    assert (event.type, event.target, event.subject) == ("invite", "#c", "dan")


OWN_KINDS = ["message", "action", "notice", "join", "part", "quit", "kick", "nick", "mode", "topic"]


@settings(max_examples=80, deadline=None)
@given(some_events(OWN_KINDS))
def test_chatlogs_own_json_lines_keep_all_keys(events):
    decoder, found = decoded("chatlog-jsonl", jsonl.encode(events))
    assert found == [replace(each, via="import:chatlog-jsonl") for each in events]
    assert decoder.tally.understood == decoder.tally.lines == len(events)


@settings(max_examples=80, deadline=None)
@given(some_events(OWN_KINDS), st.lists(st.sampled_from(["one", "\ttwo", "", "<ann> three"])))
def test_chatlogs_own_text_keeps_what_text_can_hold(events, further):
    text = "\n".join(["first", *further])
    events.append(Event(time=events[-1].time, type="message", nick="last", text=text))
    log = Plain().encode(events)
    decoder, found = decoded("chatlog-text", log, date="2026-11-23")
    names = Casemapping()
    assert [(each.time, Loss().key_of(each, names)) for each in found] == [
        (each.time, Loss().key_of(each, names)) for each in events
    ]
    assert found[-1].text.split("\n")[1:] == [each.replace("\t", r"\x09") for each in further]
    assert decoder.tally.understood == decoder.tally.lines == log.count(b"\n")


def test_the_window_of_a_server_is_told_by_a_line_that_no_person_can_say():
    told = b"Nov 23 19:31:03 *\tCASEMAPPING=ascii MODES=4 :are supported by this server\n"
    decoder, events = decoded(
        "hexchat", told, name="logs/net/other.log", target="", date="2026-11-23"
    )
    assert (events, decoder.target) == ([], "@server")
    said = b"Nov 23 19:31:03 *\tMODES 4 :are supported by this server\n"
    decoder, [event] = decoded(
        "hexchat", said, name="logs/net/MODES.log", target="MODES", date="2026-11-23"
    )
    assert (event.type, event.nick, decoder.target) == ("action", "MODES", "")
    facts = {"name": "logs/net/other.log", "target": "@server", "date": "2026-11-23"}
    assert decoded("hexchat", said, **facts)[1] == []
