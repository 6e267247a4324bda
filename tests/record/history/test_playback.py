"""Playback that came by itself: new lines, the gaps that it fills, and the limits of a server."""

from __future__ import annotations

import pytest

from chatlog.casemapping import Casemapping
from chatlog.event import Event
from chatlog.protocol.facts import HistoryPage, PlaybackLimits
from chatlog.protocol.history.chathistory import Point, answer_of
from chatlog.read.lookup import KnownLine
from chatlog.record.history.gaps import OpenGap
from chatlog.record.history.playback import Extent, Playback, earliest_within, is_all_within


def at(minute):
    return f"2026-11-23T18:{minute:02}:00.000Z"


GAP = OpenGap("#demo", Point(at(10)), at(20))


def page(*minutes):
    events = [
        Event(
            time=at(minute), network="net", target="#demo", type="message", nick="ada",
            text=f"line {minute}",
        )
        for minute in minutes
    ]  # fmt: skip
    return HistoryPage("#demo", "playback", events, answer=answer_of(events))


@pytest.fixture
def playback():
    return Playback(Casemapping("rfc1459"))


def parts(entries):
    return [
        (entry.entry, entry.since, entry.until, getattr(entry, "lines", 0)) for entry in entries
    ]


def test_lines_that_the_transcript_has_are_not_new(playback):
    playback.know([KnownLine(page(12).events[0], coarse=False)])
    assert [event.time for event in playback.new(page(12, 13))] == [at(13)]
    assert (playback.first, playback.total, playback.lines) == (at(12), 2, 1)


def test_the_transcript_is_read_once_from_the_earliest_line_onwards(playback):
    [(low, high)] = playback.unread(page(15))
    assert (low, high) == ("2026-11-23T18:14:58.000Z", "9999-12-31T23:59:59.999Z")
    assert playback.unread(page(16)) == []
    assert playback.unread(page(12)) == [("2026-11-23T18:11:58.000Z", low)]
    assert playback.unread(page()) == []


def test_a_playback_from_before_the_gap_fills_it(playback):
    playback.new(page(8, 12))
    assert parts(playback.entries(GAP, "playback", at=at(59))) == [("covered", at(10), at(20), 2)]


def test_the_part_of_the_gap_before_the_first_line_stays_open(playback):
    playback.new(page(13, 14))
    covered, asked = playback.entries(GAP, "playback", at=at(59))
    assert parts([covered, asked]) == [
        ("covered", at(13), at(20), 2),
        ("asked", at(10), at(13), 0),
    ]
    assert asked.why.startswith("what was played back begins later")


@pytest.mark.parametrize("minutes", [(), (20,), (25,)])
def test_a_playback_that_begins_behind_the_gap_says_nothing_of_it(playback, minutes):
    playback.new(page(*minutes))
    assert playback.entries(GAP, "playback", at=at(59)) == []


@pytest.mark.parametrize(("total", "is_all"), [(0, False), (1, True), (19, True), (20, False)])
def test_a_playback_below_its_limit_is_all_there_is(total, is_all):
    limits = PlaybackLimits("#demo", lines=20, seconds=3600)
    assert is_all_within(limits, Extent(at(10), total)) is is_all


def test_a_playback_reaches_back_by_its_limit_to_the_second():
    limits = PlaybackLimits("#demo", lines=20, seconds=600)
    assert earliest_within(limits, at(20)) == "2026-11-23T18:10:01.000Z"
