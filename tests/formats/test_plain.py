"""Plain text: one line for each event, which says what it is whatever people write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chatlog.event import SERVER, TALK, Event, EventType
from chatlog.formats.plain import Plain
from tests.support.events import (
    MIRC,
    UNSAFE,
    anything,
    events,
    kinds,
    nicks,
    printable,
    times,
    words,
)

NOON = "2026-11-23T12:00:00.000Z"
BERLIN = ZoneInfo("Europe/Berlin")
PLACE = {"network": "libera", "target": "#python"}
ANN = {"nick": "ann", "user": "~ann", "host": "an.example"}


def event_of(kind, text="", **fields):
    return Event(**{"time": NOON, **PLACE, "type": kind, "text": text, **fields})


def line_of(event, text=Plain()):  # noqa: B008 - immutable to its users
    return text.encode([event]).decode().removesuffix("\n")


def read_back(event, text=Plain()):  # noqa: B008 - as above
    day = datetime.fromisoformat(event.time).astimezone(text.tz).date().isoformat()
    return text.decode(text.encode([event]), network=event.network, target=event.target, day=day)


# -- a line is a line ---------------------------------------------------------


@given(events(), st.booleans())
def test_an_event_is_exactly_one_line_for_each_line_of_what_was_said(event, keep_formatting):
    text = Plain(keep_formatting=keep_formatting)
    data = text.encode([event])
    is_said = event.type in TALK and not event.subject
    assert data.count(b"\n") == 1 + (event.text.count("\n") if is_said else 0)
    assert data.endswith(b"\n")


@given(events())
def test_no_line_can_steer_a_terminal(event):
    first, *others = line_of(event).split("\n")
    assert not UNSAFE.search(first)
    for line in others:
        before, tab, text = line.partition("\t")
        assert tab
        assert not UNSAFE.search(before + text)


@given(events())
def test_with_formatting_kept_only_formatting_is_left(event):
    first, *others = line_of(event, Plain(keep_formatting=True)).split("\n")
    for line in (first, *(each.replace("\t", "", 1) for each in others)):
        assert set(UNSAFE.findall(line)) <= set(MIRC)


@given(st.lists(events(), max_size=4))
def test_lines_stand_in_the_order_of_their_events(several):
    text = Plain()
    assert text.encode(several) == b"".join(text.encode([event]) for event in several)


# -- no line looks like another's ----------------------------------------------


@st.composite
def sayings(draw, values=anything):
    """Make an event of ours by people whose nicks are legal, with any text."""
    target = draw(st.sampled_from(["#python", "&local", SERVER, "#weird'(*:>"]))
    fields = {name: draw(words) for name in draw(st.sets(st.sampled_from(["user", "host"])))}
    return Event(
        time=NOON,
        network="libera",
        target=target,
        type=str(draw(kinds)),
        nick=draw(st.one_of(st.just(""), nicks)),
        subject=draw(st.one_of(st.just(""), nicks)),
        text=draw(values),
        statusmsg=draw(st.sampled_from(["", "@", "+"])),
        account=draw(st.one_of(st.just(""), nicks)),
        command=draw(st.one_of(st.just(""), words)),
        params=tuple(draw(st.lists(values, max_size=3))),
        reply_to=draw(st.one_of(st.just(""), words)),
        via=draw(st.sampled_from(["", "chathistory", "playback", "import:irssi", "merge"])),
        **fields,
    )


@given(sayings(), st.booleans())
def test_no_text_makes_a_line_another_or_somebody_elses(event, keep_formatting):
    read = read_back(event, Plain(keep_formatting=keep_formatting))
    assert (read.type, read.nick, read.subject) == (event.type, event.nick, event.subject)
    assert read.via == event.via


LINES = [
    "[18:20:01] <bob> I resign",
    "*** bob quit (bye)",
    "*** recorder stopped",
    "*** playback: <bob> I resign",
    "> <bob> I resign",
    "- -bob- I resign",
    "joined #python to record",
    ") (",
    "' *** x is now known as 'y'",
    "\n[18:20:01] <bob> I resign",
]


@pytest.mark.parametrize("text", LINES)
@pytest.mark.parametrize("kind", EventType)
def test_a_text_that_imitates_a_line_stays_a_text(kind, text):
    event = event_of(kind, text, **ANN, subject="eve")
    read = read_back(event)
    assert (read.type, read.nick, read.subject) == (kind, "ann", "eve")


# -- what is read back -----------------------------------------------------------


SPOKEN = [EventType.MESSAGE, EventType.ACTION, EventType.NOTICE]
WITH_HOST = [EventType.JOIN, EventType.PART, EventType.QUIT, EventType.JOINED, EventType.PARTED]
WITH_TEXT = [
    *SPOKEN,
    EventType.PART,
    EventType.QUIT,
    EventType.KICK,
    EventType.TOPIC,
    EventType.AWAY,
    EventType.SETNAME,
    EventType.REDACT,
    EventType.REACT,
    EventType.UNREACT,
    EventType.CLEAR,
    EventType.USERNOTICE,
    EventType.STARTED,
    EventType.STOPPED,
    EventType.CONNECTED,
    EventType.DISCONNECTED,
    EventType.PARTED,
    EventType.OTHER,
]


@given(st.sampled_from(WITH_TEXT), printable)
def test_a_text_that_can_be_seen_comes_back(kind, text):
    assert read_back(event_of(kind, text, **ANN, reply_to="d2ry4x")).text == text


@given(printable)
def test_texts_of_nobody_come_back(text):
    for kind in (EventType.NAMES, EventType.RECOVERED, EventType.TOPIC, EventType.OTHER):
        assert read_back(event_of(kind, text)) == event_of(kind, text)


@given(st.sampled_from(WITH_HOST), words, words)
@example(EventType.JOIN, "*", "*")
def test_user_and_host_come_back(kind, user, host):
    assume("@" not in host)
    read = read_back(event_of(kind, nick="ann", user=user, host=host))
    assert (read.user, read.host) == (user, host)


@given(words, st.lists(words, max_size=4))
def test_modes_come_back_with_their_arguments(command, params):
    assume(command != "*")
    event = event_of(EventType.MODE, nick="ann", command=command, params=tuple(params))
    assert read_back(event) == event


@given(words, st.lists(words.filter(lambda word: word[0] != ":"), max_size=3), printable)
def test_what_has_no_type_comes_back_with_command_and_parameters(command, params, last):
    params = (*params, last)
    event = event_of(EventType.OTHER, nick="irc.example", command=command, params=params)
    assert read_back(event) == event


@pytest.mark.parametrize(
    "event",
    [
        event_of(EventType.ACCOUNT, nick="ann", account="anna"),
        event_of(EventType.ACCOUNT, nick="ann"),
        event_of(EventType.CHGHOST, nick="ann", params=("~a", "new.example")),
        event_of(EventType.AWAY, nick="ann"),
        event_of(EventType.INVITE, nick="ann", subject="bob"),
        event_of(EventType.INVITE, target=SERVER, nick="ann", subject="me", params=("#c",)),
        event_of(EventType.MODE, target=SERVER, nick="me", subject="me", command="+i"),
        event_of(EventType.MESSAGE, "ops only", nick="ann", statusmsg="@"),
        event_of(EventType.ACTION, "waves", nick="ann", statusmsg="+"),
        event_of(EventType.MESSAGE, "", nick="ann"),
        event_of(EventType.MESSAGE, "several\n lines\n\nof it ", nick="ann", statusmsg="@"),
        event_of(EventType.MESSAGE, "\n\n", nick="ann", via="chathistory"),
        event_of(EventType.ACTION, "waves\nand *** bob quit", nick="ann"),
        event_of(EventType.NOTICE, "[18:20:01] <bob> hi\n<bob> hi", nick="ann"),
        event_of(EventType.MESSAGE, "  spaces stay  ", nick="ann"),
        event_of(EventType.MESSAGE, "hi", nick="ann", via="playback"),
        event_of(EventType.JOIN, **ANN, via="import:irssi"),
        event_of(EventType.OTHER, nick="ann", command="CTCP"),
        event_of(EventType.CLEAR, nick="tmi.twitch.tv"),
        event_of(EventType.CLEAR, nick="tmi.twitch.tv", subject="bob"),
        event_of(EventType.REDACT, "spam", nick="ann", subject="bob", reply_to="d2ry4x"),
        event_of(EventType.REACT, "👍", nick="ann", reply_to="d2ry4x"),
        event_of(EventType.UNREACT, "to x with y", nick="ann", reply_to="d2ry4x"),
        event_of(EventType.USERNOTICE, nick="ann"),
        event_of(EventType.USERNOTICE, nick="ann", tags={"system-msg": "ann gave 5 subs (wow)!"}),
        event_of(EventType.USERNOTICE, "hello", nick="ann", tags={"system-msg": "6 months"}),
        event_of("hologram", "of a later version", nick="ann", subject="bob"),
    ],
    ids=lambda event: f"{event.type}-{line_of(event)[11:]}",
)
def test_what_text_can_hold_comes_back_whole(event):
    assert read_back(event) == event


@given(events(types=kinds))
def test_whatever_is_written_can_be_read(event):
    read = read_back(msgspec.structs.replace(event, time=NOON))
    assert read.time == NOON


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (event_of(EventType.MESSAGE, "hi", nick="an n"), r"<an\x20n> hi"),
        (event_of(EventType.ACTION, "waves", nick=""), "* * waves"),
        (event_of(EventType.MESSAGE, "hi", nick="a:b"), r"<a\x3ab> hi"),
        (event_of(EventType.MESSAGE, "\x02hi\x02\x07", nick="ann"), r"<ann> hi\x07"),
        (event_of(EventType.QUIT, "a\nb", **ANN), r"*** ann (~ann@an.example) quit (a\x0ab)"),
        (event_of(EventType.JOIN, nick="ann", host="h"), "*** ann (@h) joined #python"),
        (
            event_of(EventType.JOIN, nick="ann", user="a (b) c", host="h"),
            r"*** ann (a\x20(b)\x20c@h) joined #python",
        ),
        (event_of(EventType.JOIN, nick="ann", target="#a b"), r"*** ann joined #a\x20b"),
        (event_of(EventType.NICK, nick="ann", subject="b c"), r"*** ann is now known as b\x20c"),
        (event_of(EventType.KICK, nick="ann", subject=""), "*** * was kicked by ann"),
        (
            event_of(EventType.OTHER, command="421", params=("me", "FOO", "Unknown command")),
            "*** * said: 421 me FOO :Unknown command",
        ),
        (event_of("hologram", "spam", subject="bob"), "*** * did hologram to bob: spam"),
        (event_of(EventType.CLEAR, nick="tmi.twitch.tv"), "*** tmi.twitch.tv cleared the chat"),
        (event_of(EventType.CLEAR, subject="b c"), r"*** * cleared the messages of b\x20c"),
        (
            event_of(EventType.USERNOTICE, nick="ann", tags={"system-msg": "15 raiders\x1b!"}),
            r"*** ann makes news: 15 raiders\x1b!",
        ),
        (
            event_of(EventType.REDACT, nick="tmi.twitch.tv", subject="bob", reply_to="d2ry4x"),
            "*** tmi.twitch.tv took back d2ry4x of bob",
        ),
        (event_of(EventType.DISCONNECTED, "EOF"), "*** recorder disconnected (EOF)"),
        (event_of(EventType.CONNECTED, nick="me"), "*** recorder connected as me"),
        (event_of(EventType.MESSAGE, "\udc80", nick="\udc80"), r"<\udc80> \udc80"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.type,
)
def test_a_line_of_odd_fields_reads(event, line):
    assert line_of(event) == f"[12:00:00] {line}"


def test_formatting_stays_where_it_is_to_be_kept():
    event = event_of(EventType.MESSAGE, "\x02bold\x02 \x1b", nick="\x02ann")
    assert line_of(event, Plain(keep_formatting=True)) == "[12:00:00] <ann> \x02bold\x02 \\x1b"


# -- stamps --------------------------------------------------------------------------


@given(times, st.sampled_from(["time", "datetime"]))
def test_a_time_comes_back_to_the_second(time, stamp):
    event = event_of(EventType.MESSAGE, "hi", nick="ann", time=time)
    assert read_back(event, Plain(stamp=stamp)).time == time[:19] + ".000Z"


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]),
    st.sampled_from(["time", "datetime"]),
)
def test_a_time_comes_back_from_any_zone_to_the_showing_of_its_hour(moment, zone, stamp):
    tz = ZoneInfo(zone)
    time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    read = read_back(event_of(EventType.MESSAGE, "hi", time=time), Plain(stamp=stamp, tz=tz))
    local = moment.astimezone(tz).replace(microsecond=0)
    first = local.replace(fold=0).astimezone(UTC)
    assert datetime.fromisoformat(read.time) == first
    assert local.fold or first == moment.replace(microsecond=0)


def test_stamps_have_the_date_where_it_is_wanted():
    event = event_of(EventType.MESSAGE, "hi", nick="ann", time="2026-11-23T23:30:00.999Z")
    assert line_of(event, Plain("datetime", BERLIN)) == "[2026-11-24T00:30:00] <ann> hi"
    assert line_of(event, Plain("time", BERLIN)) == "[00:30:00] <ann> hi"


def test_a_date_in_the_stamp_counts_more_than_that_of_the_segment():
    read = Plain().decode(b"[2026-11-24T00:30:00] <ann> hi", **PLACE, day="2020-01-01")
    assert read.time == "2026-11-24T00:30:00.000Z"


def test_the_second_showing_of_an_hour_is_told_by_the_line_before():
    text = Plain(tz=BERLIN)
    before = "2026-10-25T00:59:59.000Z"  # 02:59:59, a second before the clock shows 02:00:00 again
    line = b"[02:00:30] <ann> hi"
    read = text.decode(line, **PLACE, day="2026-10-25", after=before)
    assert read.time == "2026-10-25T01:00:30.000Z"
    assert text.decode(line, **PLACE, day="2026-10-25").time == "2026-10-25T00:00:30.000Z"


def test_a_line_a_little_late_is_no_second_showing():
    read = Plain(tz=BERLIN).decode(
        b"[02:30:00] <ann> hi", **PLACE, day="2026-10-25", after="2026-10-25T00:30:02.000Z"
    )
    assert read.time == "2026-10-25T00:30:00.000Z"


@given(st.lists(st.integers(0, 7200), min_size=1))
def test_lines_of_a_night_in_order_never_go_back_by_more_than_the_jitter(seconds):
    text = Plain(tz=BERLIN)
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    after = ""
    for second in sorted(seconds):
        time = (start + timedelta(seconds=second)).isoformat(timespec="milliseconds")
        event = event_of(EventType.MESSAGE, "hi", time=time.replace("+00:00", "Z"))
        read = text.decode(text.encode([event]), **PLACE, day="2026-10-25", after=after)
        if after:
            gone_back = datetime.fromisoformat(after) - datetime.fromisoformat(read.time)
            assert gone_back <= timedelta(minutes=5)
        after = read.time


def test_times_that_a_zone_cannot_show_are_still_lines():
    east = Plain("datetime", timezone(timedelta(hours=14)))
    for time in ("9999-12-31T23:59:59.000Z", "nonsense", ""):
        assert line_of(event_of(EventType.QUIT, nick="ann", time=time), east).endswith("ann quit")


# -- what is no line ---------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"<ann> hi",
        b"[12:00] <ann> hi",
        b"[12:00:00]<ann> hi",
        b"[25:00:00] <ann> hi",
        b"[12:00:00] ann: hi",
        b"[12:00:00] ",
        b"[2026-13-01T12:00:00] <ann> hi",
        "[\u0661\u0662:00:00] <ann> hi".encode(),
        b"[12:00:00] <ann> \xff",
    ],
)
def test_what_is_no_line_is_a_value_error(line):
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the contract
        Plain().decode(line, **PLACE, day="2026-11-23")


@given(st.binary(), st.sampled_from(["", "[12:00:00] ", "[0001-01-01T00:00:00] "]))
def test_bytes_are_a_line_or_a_value_error(data, stamp):
    text = Plain(tz=timezone(timedelta(hours=14)))
    try:
        read = text.decode(stamp.encode() + data, **PLACE, day="2026-11-23")
    except ValueError:
        return
    assert stamp
    assert read.network == "libera"


def test_a_sentence_of_nobodys_is_kept_as_other():
    read = Plain().decode(b"[12:00:00] *** something of a later version", **PLACE, day="2026-11-23")
    assert (read.type, read.text) == (EventType.OTHER, "something of a later version")
