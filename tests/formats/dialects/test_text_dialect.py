"""Dialects of lines: stamps, days, encodings, and lines that are no events by themselves."""

from zoneinfo import ZoneInfo

import pytest

from chatlog.formats.dialects import hexchat, irssi, mirc, pidgin, thelounge, ubuntu
from chatlog.formats.dialects.dialect import LogFacts, NoDateError, OddLine
from chatlog.formats.dialects.log_clock import AMBIGUOUS_HOUR, SKIPPED_HOUR
from chatlog.formats.dialects.log_lines import LONGEST

BERLIN = ZoneInfo("Europe/Berlin")


def decoded(log, **facts):
    """Return the decoder of an irssi log, at its end, and the events."""
    decoder = irssi.DIALECT.decoder(LogFacts(**{"network": "net", "target": "#c", **facts}))
    return decoder, [event for some in decoder.events([log]) for event in some]


def times(log, **facts):
    return [event.time[5:16] for event in decoded(log, **facts)[1]]


def test_the_date_comes_from_the_header():
    log = b"--- Log opened Mon Nov 23 19:30:42 2026\n19:31 <ann> hi\n"
    assert times(log, tz=BERLIN) == ["11-23T18:31"]


def test_a_line_without_any_date_is_an_error():
    with pytest.raises(NoDateError):
        decoded(b"19:31 <ann> hi\n")


def test_a_jump_back_over_half_a_day_is_the_next_day():
    assert times(b"23:59 <ann> a\n00:01 <ann> b\n", date="2026-11-23") == [
        "11-23T23:59",
        "11-24T00:01",
    ]


def test_a_small_step_back_stays_on_the_day():
    assert times(b"12:05 <ann> a\n12:03 <ann> b\n", date="2026-11-23") == [
        "11-23T12:05",
        "11-23T12:03",
    ]


def test_a_doubled_hour_goes_on_to_its_second_showing_when_the_clock_steps_back():
    log = b"02:10 <ann> a\n02:50 <ann> b\n02:05 <ann> c\n03:01 <ann> d\n"
    decoder, events = decoded(log, date="2026-10-25", tz=BERLIN)
    assert [each.time[11:16] for each in events] == ["00:10", "00:50", "01:05", "02:01"]
    assert decoder.tally.notes == {}


def test_a_doubled_hour_that_nothing_decides_is_told():
    decoder, events = decoded(b"02:10 <ann> a\n03:01 <ann> d\n", date="2026-10-25", tz=BERLIN)
    assert [each.time[11:16] for each in events] == ["00:10", "02:01"]
    assert decoder.tally.notes == {AMBIGUOUS_HOUR: 1}


def test_an_hour_that_the_clock_skips_is_moved_on_and_told():
    decoder, events = decoded(b"02:10 <ann> a\n", date="2026-03-29", tz=BERLIN)
    assert events[0].time[11:16] == "01:10"
    assert decoder.tally.notes == {SKIPPED_HOUR: 1}


def test_a_stamp_with_a_zone_needs_none():
    assert times(b"2026-11-23 19:31:03+0200 <ann> hi\n", tz=BERLIN) == ["11-23T17:31"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"caf\xc3\xa9", "café"), (b"caf\xe9 \x80", "café €"), (b"\x81\xe9", "\x81é")],
)
def test_a_line_that_is_not_utf8_is_cp1252_or_latin1(raw, text):
    _, events = decoded(b"19:31 <ann> " + raw + b"\n", date="2026-11-23")
    assert events[0].text == text


def test_the_users_encoding_comes_before_the_usual_ones():
    log = "19:31 <ann> привет\n".encode("koi8-r")
    assert decoded(log, date="2026-11-23", encoding="koi8-r")[1][0].text == "привет"


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_mark_of_byte_order_is_no_text(mark):
    assert times(mark + b"19:31 <ann> hi\r\n", date="2026-11-23") == ["11-23T19:31"]


def test_utf16_is_read():
    log = "\ufeff19:31 <ann> hi\r\n".encode("utf-16-le")
    _, [event] = decoded(log, date="2026-11-23")
    assert event.text == "hi"


def test_lines_end_at_newlines_only():
    _, [event] = decoded("19:31 <ann> a\u2028b\x1dc\x85d\n".encode(), date="2026-11-23")
    assert event.text == "a\u2028b\x1dc\x85d"


def test_every_line_counts_once():
    log = (
        b"--- Log opened Mon Nov 23 19:30:42 2026\n"
        b"19:31 -!- Irssi: Join to #c was synced\n"
        b"19:31 <ann> a\n"
        b"25:99 <ann> b\n"
        b"what is this\n" + b"x" * (LONGEST + 1) + b"\n"
        b"19:32 <ann> c\n"
        b"19:33 <ann> the end"
    )
    decoder, events = decoded(log)
    assert [each.text for each in events] == ["a", "c", "the end"]
    tally = decoder.tally
    assert (tally.understood, tally.noise, tally.unknown, tally.lines) == (4, 1, 3, 8)
    assert decoder.odd == [
        OddLine(4, "25:99 <ann> b", "no such time"),
        OddLine(5, "what is this", "no time stamp"),
        OddLine(6, "", "longer than any message"),
    ]


def test_a_text_cannot_look_like_an_event():
    log = b"19:31 <ann> -!- bob [b@h] has quit [x]\n19:31 <-!-> --- Log closed\n"
    _, events = decoded(log, date="2026-11-23")
    assert [(each.type, each.nick) for each in events] == [("message", "ann"), ("message", "-!-")]


def test_a_netsplit_gives_one_quit_a_person_and_tells_of_the_others():
    log = (
        b"19:31 -!- Netsplit a.example <-> b.example quits: ann, @bob"
        b" (+3 more, use /NETSPLIT to show all of them)\n"
    )
    decoder, events = decoded(log, date="2026-11-23")
    assert [(each.type, each.nick, each.split) for each in events] == [
        ("quit", "ann", "a.example b.example"),
        ("quit", "bob", "a.example b.example"),
    ]
    assert decoder.tally.understood == 1
    assert list(decoder.tally.notes.values()) == [3]


def test_a_log_is_heard_from_opened_to_closed():
    log = (
        b"--- Log opened Mon Nov 23 19:30:42 2026\n"
        b"19:31 <ann> hi\n"
        b"--- Log closed Mon Nov 23 20:00:00 2026\n"
        b"--- Log opened Tue Nov 24 08:00:00 2026\n"
        b"08:05 <ann> hi\n"
    )
    decoder, _ = decoded(log)
    assert [(each.since[8:16], each.until[8:16]) for each in decoder.hearing.heard] == [
        ("23T19:30", "23T20:00"),
        ("24T08:00", "24T08:05"),
    ]


@pytest.mark.parametrize("stamp", [b"%02d:%02d:%02d ", b"2026-11-23T%02d:%02d:%02dZ "])
def test_a_stamp_in_the_minute_of_the_one_before_has_its_own_second(stamp):
    moments = [(19, 30, 1), (19, 30, 1), (19, 30, 59), (19, 30, 2), (19, 31, 2), (0, 0, 3)]
    log = b"".join(stamp % moment + b"<ann> hi\n" for moment in moments)
    _, events = decoded(log, date="2026-11-23")
    days = [23] * 5 + [23 if b"Z" in stamp else 24]
    assert [each.time for each in events] == [
        f"2026-11-{day}T{hour:02d}:{minute:02d}:{second:02d}.000Z"
        for day, (hour, minute, second) in zip(days, moments, strict=True)
    ]


def test_stamps_of_two_forms_in_one_log_are_of_the_same_days():
    log = b"23:59 <ann> a\n[00:01] <ann> b\n00:02:03 <ann> c\n"
    assert times(log, date="2026-11-23") == ["11-23T23:59", "11-24T00:01", "11-24T00:02"]


def test_an_impossible_second_is_no_time_though_its_minute_is_known():
    decoder, events = decoded(b"19:31:01 <ann> a\n19:31:x9 <ann> b\n", date="2026-11-23")
    assert (len(events), decoder.tally.unknown) == (1, 1)


def decoded_by(dialect, log, **facts):
    """Return the decoder of a log of any dialect, at its end, and the events."""
    decoder = dialect.DIALECT.decoder(LogFacts(**{"network": "net", "target": "#c", **facts}))
    return decoder, [event for some in decoder.events([log]) for event in some]


def test_a_marked_line_goes_on_with_the_message_before():
    stamp = b"[2026-11-23T18:31:55.000Z] "
    log = stamp + b"<ann> a\n" + stamp + b"| b\n" + stamp + b"*** bob (b@h) joined\n"
    decoder, events = decoded_by(thelounge, log + stamp + b"| c\n")
    assert [(each.type, each.text) for each in events] == [("message", "a\nb"), ("join", "")]
    assert [each.why for each in decoder.odd] == ["no message before"]


def test_a_kick_of_the_programs_user_has_their_nick():
    log = b"[19:31] * You were kicked by op (flood)\n"
    _, [event] = decoded_by(mirc, log, date="2026-11-23", own_nick="me")
    assert (event.nick, event.subject, event.text) == ("op", "me", "flood")


def test_an_event_before_the_first_stamp_is_of_the_beginning_of_the_day():
    log = b"=== ann is now known as ann_\n[00:01] <ann_> hi\n"
    assert [each.time[5:16] for each in decoded_by(ubuntu, log, date="2026-11-23")[1]] == [
        "11-23T00:00",
        "11-23T00:01",
    ]


def test_an_event_before_the_first_stamp_without_any_date_is_an_error():
    with pytest.raises(NoDateError):
        decoded_by(ubuntu, b"=== ann is now known as ann_\n")


def test_a_header_tells_the_channel_and_the_nick_of_the_programs_user():
    log = (
        b"Conversation with #tea at Mon 23 Nov 2026 on me@irc.example (irc)\n"
        b"(19:31:03) You are now known as me_\n"
    )
    decoder, [event] = decoded_by(pidgin, log, target="", date="2026-11-23")
    assert (decoder.target, event.nick, event.subject) == ("#tea", "me", "me_")


def test_a_stamp_without_a_year_goes_on_into_the_next_one():
    log = (
        b"**** BEGIN LOGGING AT Thu Dec 31 23:59:00 2026\n"
        b"Dec 31 23:59:59 <ann>\ta\nJan 01 00:00:01 <ann>\tb\n"
    )
    assert [each.time[:10] for each in decoded_by(hexchat, log)[1]] == ["2026-12-31", "2027-01-01"]


def test_a_mode_in_words_has_a_letter_for_each_of_its_people():
    log = b"Nov 23 19:31:03 ---\top gives voice to ann bob\n"
    _, [event] = decoded_by(hexchat, log, date="2026-11-23")
    assert (event.command, event.params) == ("+vv", ("ann", "bob"))
