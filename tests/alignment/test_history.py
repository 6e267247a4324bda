"""What of a history is new: nothing is lost, nothing is there twice, true repeats stay."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatlog.alignment.history import Alignment
from chatlog.casemapping import Casemapping
from chatlog.event import Event, format_time, parse_time

START = 1_795_392_000_000  # 2026-11-23T00:00Z
NAMES = Casemapping()


def said(milliseconds, text, *, msgid="", nick="ann", kind="message", received=True, **fields):
    time = format_time(START + milliseconds)
    return Event(
        time=time,
        received=time if received else "",
        type=kind,
        nick=nick,
        text=text,
        msgid=msgid,
        **fields,
    )


def whole_second(event):
    time = format_time(parse_time(event.time) // 1000 * 1000)
    return Event(**{**{f: getattr(event, f) for f in event.__struct_fields__}, "time": time})


def texts(events):
    return [event.text for event in events]


def new(known, *pages, coarse=False):
    """Return what of some pages is new beside what is known."""
    alignment = Alignment(NAMES)
    for event in known:
        alignment.know(event, coarse=coarse)
    found = []
    for page in pages:
        alignment.begin_page()
        found += alignment.new(page)
    return found


# -- one line or two ---------------------------------------------------------


def test_what_is_not_known_is_new_in_the_order_of_the_history():
    page = [said(1, "one"), said(2, "two"), said(2, "three")]
    assert new([], page) == page


def test_an_equal_msgid_makes_one_line_of_two_whatever_else_differs():
    assert new([said(1, "a", msgid="m")], [said(9000, "b", msgid="m")]) == []


def test_two_msgids_make_two_lines_of_the_same_words():
    again = said(1, "lol", msgid="n")
    assert new([said(1, "lol", msgid="m")], [again]) == [again]


def test_a_line_without_msgid_is_found_by_who_said_what_when():
    assert new([said(1, "a", nick="Ann")], [said(1, "a", nick="ann", msgid="m")]) == []
    assert new([said(1, "a", msgid="m")], [said(1, "a")]) == []


@pytest.mark.parametrize(
    "other",
    [
        said(2, "a"),
        said(1, "b"),
        said(1, "a", nick="bob"),
        said(1, "a", kind="notice"),
        said(1, "a", kind="mode", command="+o"),
    ],
    ids=["another time", "other words", "another nick", "another kind", "another mode"],
)
def test_a_fetched_line_that_differs_in_anything_is_another_line(other):
    assert new([said(1, "a")], [other]) == [other]


def test_as_many_lines_as_are_known_are_left_out_and_no_more():
    lols = [said(5, "lol")] * 3
    assert len(new(lols[:1], lols)) == 2
    assert len(new([], lols)) == 3
    assert new(lols, lols) == []


def test_the_same_history_pushed_again_adds_nothing():
    page = [said(1, "a"), said(1, "a"), said(2, "b")]
    assert new([], page, page) == page


def test_our_own_joining_is_known_by_another_name():
    assert new([said(1, "", kind="joined")], [said(1, "realname", kind="join")]) == []


def test_what_the_recorder_says_of_itself_is_no_line_of_the_history():
    page = [said(1, "x", kind="message")]
    assert new([said(1, "x", kind="connected")], page) == page


# -- clocks ------------------------------------------------------------------


def test_a_history_in_whole_seconds_meets_what_was_heard_to_the_millisecond():
    assert new([said(1500, "a")], [said(1000, "a")]) == []
    assert texts(new([said(1500, "a")], [said(2000, "a")])) == ["a"]


def test_once_a_history_shows_fractions_its_times_are_taken_exactly():
    page = [said(1000, "a"), said(1001, "b")]
    assert texts(new([said(1500, "a")], page)) == ["a", "b"]


def test_a_line_behind_a_known_one_of_the_same_second_stays_behind_it():
    found = new([said(1500, "heard")], [said(1000, "heard"), said(1000, "missed")])
    assert [(event.text, parse_time(event.time) - START) for event in found] == [("missed", 1500)]


def test_a_text_transcript_knows_seconds_only():
    assert new([said(1000, "a")], [said(1400, "a"), said(1401, "b")], coarse=True) == [
        said(1401, "b")
    ]


def test_what_was_dated_by_our_own_clock_may_be_a_little_off():
    known = [said(3000, "bye", kind="quit", received=False)]
    assert new(known, [said(1234, "bye", kind="quit")]) == []
    late = said(9234, "bye", kind="quit")
    assert new(known, [late]) == [late]


# -- memory ------------------------------------------------------------------


def test_what_is_forgotten_is_no_longer_known():
    alignment = Alignment(NAMES)
    early, late = said(1, "early"), said(5000, "late", msgid="m")
    alignment.know(early)
    alignment.know(late)
    alignment.forget_before(format_time(START + 1000))
    assert alignment.new([early, late]) == [early]
    alignment.begin_page()
    alignment.forget_since(format_time(START + 1000))
    assert alignment.new([early, late]) == [late]


# -- any conversation, split anywhere ---------------------------------------------

WORDS = st.sampled_from(["lol", "hi", "hi", "bye", ""])
STEPS = st.lists(
    st.tuples(st.integers(0, 900), WORDS, st.sampled_from(["ann", "bob"])), max_size=40
)


@st.composite
def conversations(draw):
    """Draw lines in the order in which they were said, with or without msgids."""
    has_msgids, moment, lines = draw(st.booleans()), 0, []
    for number, (step, words, nick) in enumerate(draw(STEPS)):
        moment += step
        moment += moment % 1000 == 0  # a page of whole seconds alone is taken for what it seems
        msgid = f"m{number}" if has_msgids else ""
        lines.append(said(moment, words, nick=nick, msgid=msgid))
    return lines


@st.composite
def splits(draw):
    """Draw a conversation and which stretch of it nobody heard; lines of a moment may be parted."""
    lines = draw(conversations())
    begin = draw(st.integers(0, len(lines)))
    end = draw(st.integers(begin, len(lines)))
    return lines, begin, end


def stretch(lines, low, high):
    """Return the lines of `[low, high)`, as a server gives them that is asked by time."""
    return [line for line in lines if low <= parse_time(line.time) - START < high]


def merged(heard, fetched):
    """Read transcript and history together as readers do: by time, stably."""
    return sorted([*heard, *fetched], key=lambda event: event.time)


@given(splits(), st.integers(0, 3000), st.integers(0, 3000))
def test_any_conversation_is_whole_again_however_it_was_split_and_however_much_overlaps(
    split, before, after
):
    lines, begin, end = split
    heard, missed = [*lines[:begin], *lines[end:]], lines[begin:end]
    assume(missed)
    low = parse_time(missed[0].time) - START - before
    high = parse_time(missed[-1].time) - START + after + 1
    whole = merged(heard, new(heard, stretch(lines, low, high)))
    assert sorted(map(told, whole)) == sorted(map(told, lines))
    assert [event.time for event in whole] == [event.time for event in lines]


def told(event):
    return event.time, event.nick, event.text, event.msgid


@given(splits(), st.integers(0, 3), st.integers(0, 3))
def test_a_history_in_whole_seconds_gives_the_conversation_in_its_order(split, before, after):
    lines, begin, end = split
    heard = [*lines[:begin], *lines[end:]]
    missed = lines[begin:end]
    assume(missed)
    low = (parse_time(missed[0].time) - START) // 1000 * 1000 - before * 1000
    high = ((parse_time(missed[-1].time) - START) // 1000 + 1 + after) * 1000
    history = [whole_second(line) for line in stretch(lines, low, high)]
    fetched = new(heard, history)
    whole = merged(heard, fetched)
    assert sorted(texts(whole)) == sorted(texts(lines))
    seconds = [(event.time[:19], event.nick, event.text) for event in whole]
    assert sorted(seconds) == sorted((e.time[:19], e.nick, e.text) for e in lines)
    # Where no line of the far end shares the last second, the order is that of the talk.
    after_gap = lines[end:]
    if not after_gap or after_gap[0].time[:19] > missed[-1].time[:19]:
        assert texts(whole) == texts(lines)


# -- masses ------------------------------------------------------------------


def test_thousands_of_equal_lines_are_compared_in_linear_time():
    many = [said(1, "lol") for _ in range(20_000)]
    assert new(many, many) == []
    assert len(new(many[:5_000], many)) == 15_000


def test_forgotten_lines_of_the_history_are_new_again_and_take_no_memory():
    alignment = Alignment(NAMES)
    alignment.know(said(1, "known"))
    alignment.new([said(1, "a", msgid="a"), said(5000, "b", msgid="b")])
    alignment.forget_before(format_time(START + 5000))
    alignment.forget_fresh_before(format_time(START + 5000))
    assert texts(alignment.events()) == ["b"]
    assert texts(alignment.new([said(1, "a", msgid="a"), said(5000, "b", msgid="b")])) == ["a"]


def test_lines_that_a_history_had_are_forgotten_and_the_others_stay_known():
    alignment = Alignment(Casemapping("rfc1459"))
    lines = [said(1, "met", msgid="m"), said(2, "unmet", msgid="u"), said(3, "brought", msgid="b")]
    for each in lines[:2]:
        alignment.know(each)
    alignment.new([lines[0]])
    alignment.begin_page()
    alignment.new([lines[2]])
    assert texts(alignment.found()) == ["met", "brought"]
    alignment.forget_found()
    assert texts(alignment.new(lines)) == ["met", "brought"]


@given(st.lists(st.integers(1, 4)), st.lists(st.integers(1, 4)))
def test_of_equal_lines_as_many_are_new_as_are_not_known(known, page):
    found = new([said(n, "x") for n in known], [said(n, "x") for n in page])
    assert len(found) == sum(max(0, page.count(n) - known.count(n)) for n in range(1, 5))
