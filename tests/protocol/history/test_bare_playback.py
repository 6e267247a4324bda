"""Playback in bare text, in the very lines that ZNC 1.8 and bip 0.9 say."""

from __future__ import annotations

import pytest

from chatlog.protocol.facts import HistoryPage, Turn
from tests.support.conversation import in_channels

BEGIN = ":***!znc@znc.in PRIVMSG #a :Buffer Playback..."
END = ":***!znc@znc.in PRIVMSG #a :Playback Complete."
BOB = ":bob!u@h"
AT = "2026-11-23T18:20:01.123Z"


def told(*lines, at=AT):
    """Hear some lines in #a and #b; return what was live, and the pages of the past."""
    talk = in_channels()
    talk.hear(f"{BOB} PRIVMSG #a :before", at=at)
    heard = talk.hear(*lines, at=at)
    pages = talk.told(HistoryPage)
    past = [event for page in pages for event in page.events]
    return [event for event in heard if event not in past], pages


def brief(events):
    return [(event.time[11:19], event.type, event.text, event.via) for event in events]


def test_what_lies_between_the_marks_was_said_when_its_stamp_says():
    live, [page] = told(
        BEGIN,
        f"{BOB} PRIVMSG #a :[18:03:34] one",
        f"{BOB} PRIVMSG #a :\x01ACTION [18:03:35] waves\x01",
        f"{BOB} NOTICE #a :[18:03:36] note",
        f"{BOB} PRIVMSG #a :[18:03:37] [10:00:00] no stamp",
        END,
        f"{BOB} PRIVMSG #a :live again",
        f"{BOB} PRIVMSG #a :[18:03:38] and this is live, too",
    )
    assert brief(page.events) == [
        ("18:03:34", "message", "one", "playback"),
        ("18:03:35", "action", "waves", "playback"),
        ("18:03:36", "notice", "note", "playback"),
        ("18:03:37", "message", "[10:00:00] no stamp", "playback"),
    ]
    assert (page.target, page.is_whole) == ("#a", True)
    assert {event.received for event in page.events} == {AT}
    assert [event.text for event in live] == [
        "live again", "[18:03:38] and this is live, too",
    ]  # fmt: skip


def test_a_stamp_that_is_still_to_come_is_of_yesterday():
    _, [page] = told(BEGIN, f"{BOB} PRIVMSG #a :[23:59:59] late", END)
    assert page.events[0].time == "2026-11-22T23:59:59.000Z"


def test_another_channel_goes_on_meanwhile():
    live, _ = told(BEGIN, f"{BOB} PRIVMSG #b :[18:03:34] said there", END)
    assert [(event.target, event.text) for event in live] == [("#b", "[18:03:34] said there")]


@pytest.mark.parametrize("text", ["no stamp", "[25:00:00] no time", "[18:03:34]no blank"])
def test_what_has_no_stamp_is_live(text):
    live, pages = told(BEGIN, f"{BOB} PRIVMSG #a :{text}", END)
    assert [event.text for event in live] == [text]
    assert pages == []


def test_nobody_else_can_begin_a_playback():
    live, pages = told(
        ":***!eve@evil.test PRIVMSG #a :Buffer Playback...",
        f"{BOB} PRIVMSG #a :[18:03:34] said now",
    )
    assert [event.text for event in live] == ["Buffer Playback...", "[18:03:34] said now"]
    assert pages == []


def test_a_playback_that_is_cut_off_is_kept_as_far_as_it_came():
    talk = in_channels()
    talk.hear(BEGIN, f"{BOB} PRIVMSG #a :[18:03:34] one", at=AT)
    end = Turn()
    talk.session.close("gone", AT, end)
    [page, _] = end.facts
    assert ([event.text for event in page.events], page.is_whole) == (["one"], False)


BIP = "!bip@b.i.p PRIVMSG #a :"


@pytest.mark.parametrize("day", ["", "23-11-2026 "], ids=["time", "datetime"])
def test_what_bip_says_under_its_own_name_was_said_when_its_stamp_says(day):
    live, [page] = told(
        f":-bip{BIP}23-11-2026 18:03:33 -!- ada!ada@127.0.0.1 has joined #a",
        f":ada{BIP}{day}18:03:34> one",
        f":ada{BIP}\x01ACTION {day}18:03:35> waves\x01",
        f":-bip{BIP}End of backlog",
        f"{BOB} PRIVMSG #a :18:03:36> said now",
    )
    assert brief(page.events) == [
        ("18:03:33", "message", "-!- ada!ada@127.0.0.1 has joined #a", "playback"),
        ("18:03:34", "message", "one", "playback"),
        ("18:03:35", "action", "waves", "playback"),
    ]
    assert {(event.nick, event.user, event.host) for event in page.events} == {
        ("-bip", "", ""), ("ada", "", ""),
    }  # fmt: skip
    assert page.is_whole
    assert [event.text for event in live] == ["18:03:36> said now"]


def test_a_day_of_bip_that_is_none_is_no_stamp():
    live, pages = told(f":ada{BIP}99-99-2026 18:03:34> one")
    assert [event.text for event in live] == ["99-99-2026 18:03:34> one"]
    assert pages == []


@pytest.mark.parametrize("day", ["01-01-0001", "31-07-1988", "25-11-2026", "31-12-9999"])
def test_a_stamp_far_from_our_time_stays_in_the_text_of_a_line_of_now(day):
    live, pages = told(f":bob!bip@b.i.p PRIVMSG #a :{day} 18:20:02> long ago")
    assert pages == []
    assert [(each.time, each.text) for each in live] == [(AT, f"{day} 18:20:02> long ago")]
