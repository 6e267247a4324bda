"""One gap that is being filled: requests, new lines and outcome, without a server or a disk."""

from __future__ import annotations

import pytest

from chatlog.casemapping import Casemapping
from chatlog.event import Event
from chatlog.protocol.facts import HistoryPage
from chatlog.protocol.history.chathistory import Answer, Outcome, Point, Terms, answer_of
from chatlog.protocol.history.pages import weight_of
from chatlog.read.lookup import KnownLine
from chatlog.record.history.fetch import MAX_SEAM, Fetch
from chatlog.record.history.gaps import OpenGap
from chatlog.record.history.playback import MAX_COMPARED

TERMS = Terms(page=5, by_msgid=True)


def at(second):
    return f"2026-11-23T18:00:{second:06.3f}Z"


NOW = at(59)
GAP = OpenGap("#demo", Point(at(10), "m10"), at(20))
UNNAMED = OpenGap("#demo", Point(at(10)), at(20))
FIRST = OpenGap("#demo", Point(at(10)), at(20), is_first=True)


def line(second, text="hello", msgid=""):
    return Event(
        time=at(second), network="net", target="#demo", type="message", nick="ada", text=text,
        msgid=msgid,
    )  # fmt: skip


def page(*events):
    return HistoryPage("#demo", "chathistory", list(events), answer=answer_of(list(events)))


def known(*events):
    return [KnownLine(event, coarse=False) for event in events]


def texts(events):
    return [event.text for event in events]


def facts(entries):
    return [
        (entry.entry, entry.since, entry.until, getattr(entry, "lines", 0), entry.why)
        for entry in entries
    ]


def fetch_of(gap, *, has_talk_before=True):
    return Fetch(gap, Casemapping("rfc1459"), TERMS, has_talk_before=has_talk_before)


@pytest.fixture
def fetch():
    return fetch_of(GAP)


# -- requests -------------------------------------------------------------------


def test_the_first_request_asks_after_the_last_message_before_the_gap(fetch):
    assert fetch.ask.line == "CHATHISTORY AFTER #demo msgid=m10 5"


def test_the_next_request_asks_after_the_last_line_of_the_answer(fetch):
    fetch.take(answer_of([line(12, msgid="m12"), line(11, msgid="m11")]))
    assert fetch.ask.line == "CHATHISTORY AFTER #demo msgid=m12 5"


def test_an_empty_page_ends_the_fetch_at_the_end_of_the_gap(fetch):
    fetch.take(answer_of([line(12, msgid="m12")]))
    fetch.take(Answer())
    assert fetch.ask is None
    assert fetch.outcome == Outcome(at(10), at(20))


@pytest.mark.parametrize(
    ("gap", "has_talk_before", "begins"),
    [
        pytest.param(UNNAMED, True, at(15), id="the server has forgotten the beginning"),
        pytest.param(UNNAMED, False, at(10), id="nobody spoke before the gap"),
        pytest.param(FIRST, False, at(15), id="history of a new target"),
    ],
)
def test_history_without_older_lines_begins_with_its_first_line_unless_nobody_spoke_before(
    gap, has_talk_before, begins
):
    fetch = fetch_of(gap, has_talk_before=has_talk_before)
    assert "BEFORE" in fetch.ask.line
    fetch.take(Answer())
    fetch.take(answer_of([line(15, msgid="m15")]))
    fetch.take(Answer())
    assert fetch.outcome.begins == begins


# -- lines that are new ------------------------------------------------------------


def test_only_lines_that_the_transcript_lacks_are_new(fetch):
    fetch.know(known(line(11, "known", "m11")))
    assert texts(fetch.new(page(line(11, "known", "m11"), line(12, "lost", "m12")))) == ["lost"]
    assert fetch.lines == 1


def test_a_page_that_overlaps_the_one_before_brings_its_further_lines_only(fetch):
    first = page(line(11, "one"), line(12, "two"))
    fetch.new(first)
    fetch.take(first.answer)
    assert texts(fetch.new(page(line(12, "two"), line(13, "three")))) == ["three"]


def test_a_line_that_was_said_twice_on_one_page_is_new_twice(fetch):
    assert texts(fetch.new(page(line(11, "lol"), line(11, "lol")))) == ["lol", "lol"]


def test_lines_from_before_the_depth_of_a_first_fetch_are_dropped():
    fetch = fetch_of(FIRST)
    assert texts(fetch.new(page(line(9, "too early"), line(10, "first")))) == ["first"]


# -- the seam ----------------------------------------------------------------------


def test_lines_of_the_last_two_seconds_are_kept_back(fetch):
    assert texts(fetch.new(page(line(17.9, "old"), line(18, "may come live")))) == ["old"]
    assert [texts(each.events) for each in fetch.seam_pages()] == [["may come live"]]
    assert fetch.seam_stretch == (at(16), at(20))


def test_a_line_of_the_seam_that_came_live_is_not_new(fetch):
    fetch.new(page(line(18, "one", "m18"), line(19, "two", "m19")))
    assert texts(fetch.new_in_seam([])) == ["one", "two"]
    assert texts(fetch.close_seam(known(line(19, "two", "m19")))) == ["one"]
    assert fetch.lines == 1
    assert fetch.seam_stretch is None


def test_pages_of_the_seam_may_overlap(fetch):
    fetch.new(page(line(18, "one"), line(18.5, "two")))
    fetch.new(page(line(18.5, "two"), line(19, "three")))
    assert texts(fetch.close_seam([])) == ["one", "two", "three"]


def test_a_seam_of_more_than_ten_thousand_lines_is_written_in_order_as_it_comes(fetch):
    lines = [line(19, f"line {number}", f"s{number}") for number in range(10_001)]
    pages = [page(*lines[:5_000]), page(*lines[5_000:10_000]), page(lines[10_000])]
    assert [len(fetch.new(each)) for each in pages[:2]] == [0, 0]
    assert texts(fetch.new(pages[2])) == texts(lines)
    assert (fetch.seam_stretch, fetch.lines) == (None, 10_001)


def test_a_seam_of_more_bytes_than_are_kept_back_is_written_in_order_as_it_comes(fetch):
    number = MAX_SEAM // weight_of(line(19, "x" * 4_000, "s10000"))
    lines = [line(19, "x" * 4_000, f"s{10_000 + n}") for n in range(number + 1)]
    assert fetch.new(page(*lines[:number])) == []
    assert fetch.new(page(*lines[number:])) == lines
    assert (fetch.seam_stretch, fetch.lines) == (None, number + 1)


@pytest.mark.parametrize("second", [12, 19], ids=["in the gap", "in its seam"])
def test_lines_of_one_time_are_compared_up_to_a_bound_and_then_written_again(fetch, second):
    fetch.know(known(line(second, "known", "known")))
    pages = [
        [line(second, "x" * 4_000, f"{number}-{n}") for n in range(250)]
        for number in range(MAX_COMPARED // (250 * 2 * 4_000) + 1)
    ]
    for each in pages[:2]:
        answered(fetch, *each)
    assert fetch.new(page(*pages[0])) == []
    for each in pages[2:]:
        answered(fetch, *each)
    assert fetch.new(page(*pages[0])) == pages[0]
    assert fetch.new(page(line(second, "known", "known"))) == []


def test_without_lines_at_the_end_of_the_gap_there_is_no_seam(fetch):
    fetch.new(page(line(11)))
    assert fetch.seam_stretch is None


# -- the outcome ---------------------------------------------------------------------


def answered(fetch, *events):
    fetch.new(page(*events))
    fetch.take(answer_of(list(events)))


def test_a_gap_that_was_fetched_whole_is_covered_with_its_new_lines(fetch):
    answered(fetch, line(11, "one", "m11"), line(12, "two", "m12"))
    answered(fetch)
    [covered] = fetch.entries("all", at=NOW)
    assert facts([covered]) == [("covered", at(10), at(20), 2, "")]
    assert (covered.via, covered.kinds) == ("chathistory", "all")


def test_a_fetch_under_way_claims_what_its_answers_reach_and_nothing_of_the_seam(fetch):
    answered(fetch, line(12, "one", "m12"))
    assert facts(fetch.entries_so_far("all", at=NOW)) == [("covered", at(10), at(12), 1, "")]
    answered(fetch, line(19.5, "two", "m19"))
    assert facts(fetch.entries_so_far("all", at=NOW)) == [("covered", at(10), at(18), 1, "")]


def test_a_fetch_without_an_answer_claims_nothing(fetch):
    assert fetch.entries_so_far("all", at=NOW) == []


def test_a_refusal_leaves_the_gap_open_with_its_reason(fetch):
    for _ in range(2):  # by msgid, then by time
        fetch.take(Answer(failure="INVALID_TARGET"))
    [asked] = fetch.entries("all", at=NOW)
    why = "the server does not give the history of this channel to us"
    assert facts([asked]) == [("asked", at(10), at(20), 0, why)]
