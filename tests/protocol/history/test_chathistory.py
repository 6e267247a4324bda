"""What is asked for until everything that was missed is there, of servers of every kind."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment.history import Alignment
from chatlog.event import format_time, parse_time
from chatlog.protocol.history.chathistory import (
    BEGINNING,
    Answer,
    Outcome,
    Point,
    Terms,
    Walk,
    answer_of,
    backward,
    forward,
    merged,
    oldest,
    terms_of,
)
from tests.alignment.test_history import NAMES, START, said, splits, told, whole_second

BY_MSGID, BY_TIME = Terms(5, by_msgid=True), Terms(5, by_msgid=False)
BOTH = pytest.mark.parametrize("terms", [BY_MSGID, BY_TIME], ids=["by msgid", "by time"])


def at(milliseconds):
    return format_time(START + milliseconds)


class Server:
    """Answers CHATHISTORY as https://ircv3.net/specs/extensions/chathistory says."""

    def __init__(self, lines, terms, *, fails=(), forgets=0):
        self.lines = list(lines)[forgets:]
        self.terms = terms
        self.fails = dict(fails)
        self.asked = []

    def answer(self, request):
        self.asked.append(request)
        _, command, _, *places, count = request.split(" ")
        if command in self.fails:
            return self.fails[command]
        return getattr(self, command.lower())(places[0], min(int(count), self.terms.page))

    def after(self, place, count):
        kind, _, value = place.partition("=")
        if kind == "msgid":
            if not self.terms.by_msgid:
                return "INVALID_PARAMS"
            known = [n for n, line in enumerate(self.lines) if line.msgid == value]
            return self.lines[known[0] + 1 :][:count] if known else []
        return [line for line in self.lines if line.time > value][:count]

    def before(self, place, count):
        return [line for line in self.lines if line.time < place.partition("=")[2]][-count:]

    def latest(self, _star, count):
        return self.lines[-count:]


def walk(steps, server, keep=lambda page: page):
    """Follow a walk to its end; return the outcome and the lines that were kept."""
    kept, way = [], Walk(steps)
    while way.ask is not None:
        answer = server.answer(way.ask.line)
        if isinstance(answer, str):
            summary = Answer(failure=answer)
        else:
            summary = answer_of(answer)
            kept += keep(answer) if way.ask.keep else []
        way.take(summary)
    return way.outcome, kept


def lines(*texts, every=1000, **fields):
    return [said(n * every, text, msgid=f"m{n}", **fields) for n, text in enumerate(texts)]


def fetch(server, since, until, *, has_earlier=True):
    way = forward("#c", since, until, server.terms, has_earlier=has_earlier)
    outcome, kept = walk(way, server)
    return outcome, [line.text for line in dict.fromkeys(map(Line, kept))]


class Line:
    """An event that is itself once, as alignment would see to."""

    def __init__(self, event):
        self.text, self._id = event.text, (event.msgid or event.time)

    def __eq__(self, other):
        return self._id == other._id

    def __hash__(self):
        return hash(self._id)


# -- one walk after the other ------------------------------------------------------


@BOTH
def test_what_was_missed_is_fetched_page_by_page(terms):
    server = Server(lines(*map(str, range(20))), terms)
    outcome, got = fetch(server, Point(at(3000), "m3"), at(19_500))
    assert outcome == Outcome(at(3000), at(19_500))
    assert got[-16:] == [str(n) for n in range(4, 20)]
    assert len(server.asked) <= 8


def test_by_msgid_nothing_that_is_known_is_asked_for_again():
    server = Server(lines(*"abcdef"), BY_MSGID)
    assert fetch(server, Point(at(2000), "m2"), at(9000))[1] == ["d", "e", "f"]
    assert server.asked[0] == "CHATHISTORY AFTER #c msgid=m2 5"


def test_by_time_the_second_of_the_last_line_is_asked_for_again():
    server = Server(lines(*"abcdef"), BY_TIME)
    fetch(server, Point(at(2345)), at(9000))
    assert server.asked[1] == f"CHATHISTORY AFTER #c timestamp={at(1999)} 5"


@BOTH
def test_what_is_said_since_hearing_began_again_ends_the_walk(terms):
    server = Server(lines(*map(str, range(100))), terms)
    fetch(server, Point(at(3000), "m3"), at(5000))
    assert len(server.asked) <= 3


@BOTH
def test_a_quiet_channel_was_covered_all_the_time(terms):
    server = Server(lines("a"), terms)
    outcome, got = fetch(server, Point(at(5000), "m0"), at(9000))
    assert outcome == Outcome(at(5000), at(9000))
    assert got == []


@BOTH
def test_a_server_that_has_forgotten_begins_with_its_first_line(terms):
    server = Server(lines(*"abcdef"), terms, forgets=4)
    outcome, got = fetch(server, Point(at(1000), "m1"), at(9000))
    assert outcome == Outcome(at(4000), at(9000))
    assert got == ["e", "f"]


@BOTH
def test_a_server_that_has_forgotten_everything_has_nothing_of_the_gap(terms):
    outcome, _ = fetch(Server([], terms), Point(at(1000), "m1"), at(9000))
    assert outcome == Outcome(at(9000), at(9000))


def test_of_a_channel_in_which_nobody_ever_spoke_nothing_was_forgotten():
    outcome, _ = fetch(Server([], BY_MSGID), Point(at(1000)), at(9000), has_earlier=False)
    assert outcome == Outcome(at(1000), at(9000))


@pytest.mark.parametrize(
    ("command", "code", "why"),
    [
        ("BEFORE", "INVALID_TARGET", "the server does not give the history of this channel to us"),
        ("AFTER", "TIMEOUT", "the server did not answer in time"),
        ("AFTER", "MESSAGE_ERROR", "the server refused: MESSAGE_ERROR"),
    ],
)
def test_a_refusal_leaves_the_gap_open_and_says_why(command, code, why):
    server = Server(lines(*"abc"), BY_TIME, fails={command: code})
    outcome, _ = fetch(server, Point(at(500)), at(9000))
    assert outcome == Outcome(at(500), at(500), why)


def test_a_refusal_in_the_middle_keeps_what_came():
    server = Server(lines(*map(str, range(20))), BY_MSGID)
    way = forward("#c", Point(at(3000), "m3"), at(30_000), BY_MSGID, has_earlier=True)
    next(way)
    way.send(answer_of(server.lines[4:9]))
    with pytest.raises(StopIteration) as stop:
        way.send(Answer(failure="TIMEOUT"))
    assert stop.value.value[:2] == (at(3000), at(8000))


def test_a_walk_reaches_the_last_line_of_the_answers_so_far_and_its_outcome_the_end():
    way = Walk(forward("#c", Point(at(3000), "m3"), at(30_000), BY_MSGID, has_earlier=True))
    assert way.reached == Outcome(at(3000), at(3000))
    way.take(answer_of(lines(*map(str, range(9)))[4:]))
    assert way.reached == Outcome(at(3000), at(8000))
    way.take(Answer())
    assert (way.ask, way.outcome) == (None, Outcome(at(3000), at(30_000)))
    assert way.reached == Outcome(at(3000), at(8000))


def test_a_server_that_speaks_of_msgids_and_takes_none_is_asked_by_time():
    server = Server(lines(*map(str, range(12))), BY_TIME)
    way = forward("#c", Point(at(3000), "m3"), at(20_000), BY_MSGID, has_earlier=True)
    outcome, kept = walk(way, server)
    assert outcome == Outcome(at(3000), at(20_000))
    assert {line.text for line in kept} >= {str(n) for n in range(4, 12)}


def test_more_lines_in_one_moment_than_a_page_holds_are_told_and_not_waited_for():
    crowd = [said(1000, str(n)) for n in range(9)]
    server = Server([*crowd, said(2000, "after")], BY_TIME)
    outcome, got = fetch(server, Point(at(900)), at(9000))
    assert outcome.reached == at(9000)
    assert outcome.why == "more was said in one moment than the server gives at once"
    assert "after" in got


def test_a_server_that_says_the_same_again_and_again_is_not_asked_for_ever():
    same = answer_of(lines(*"abcde"))
    way = forward("#c", Point(at(0)), at(90_000), BY_MSGID, has_earlier=True)
    next(way)
    for _ in range(3):
        way.send(same)
    with pytest.raises(StopIteration) as stop:
        way.send(same)
    assert stop.value.value.why == "the server gives the same lines again and again"


UNDATED = Answer(5, Point(""), Point("", "m"))
NO_TIMES = "the server's history has no times that there can be"


def test_a_history_without_times_that_can_be_covers_nothing():
    way = Walk(forward("#c", Point(at(0)), at(90_000), BY_MSGID, has_earlier=True))
    way.take(answer_of(lines("a")))
    way.take(UNDATED)
    assert (way.ask, way.outcome) == (None, Outcome(at(0), at(0), NO_TIMES, is_stopped=True))


def test_a_line_without_a_time_that_can_be_is_neither_the_first_nor_the_last_of_its_page():
    page = merged(merged(Answer(1, Point(""), Point("")), answer_of(lines("a"))), UNDATED)
    assert page == Answer(7, Point(at(0), "m0"), Point(at(0), "m0"))


@pytest.mark.parametrize("way", [oldest("#c"), backward("#c", 5, BY_TIME)], ids=["all", "some"])
def test_the_beginning_of_a_history_without_times_is_not_known(way):
    walk = Walk(way)
    walk.take(UNDATED)
    assert (walk.ask, walk.outcome) == (None, Outcome("", "", NO_TIMES))


# -- channels that are new -----------------------------------------------------------


def test_everything_there_is_begins_with_the_first_line():
    server = Server(lines(*map(str, range(12))), BY_MSGID)
    outcome, got = fetch(server, Point(BEGINNING), at(20_000))
    assert outcome == Outcome(at(0), at(20_000))
    assert got == [str(n) for n in range(12)]


@pytest.mark.parametrize("count", [1, 5, 7, 12, 500])
def test_the_last_lines_are_found_by_going_back_page_by_page(count):
    server = Server(lines(*map(str, range(12))), BY_MSGID)
    outcome, kept = walk(backward("#c", count, BY_MSGID), server)
    assert outcome.begins == at(max(0, 12 - count) * 1000)
    assert kept == []


def test_of_an_empty_channel_there_are_no_last_lines():
    assert walk(backward("#c", 5, BY_MSGID), Server([], BY_MSGID))[0] == Outcome("", "")
    refusing = Server([], BY_MSGID, fails={"LATEST": "INVALID_TARGET"})
    assert walk(backward("#c", 5, BY_MSGID), refusing)[0].begins == ""


# -- terms and answers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "terms"),
    [
        ({}, Terms(100, by_msgid=False)),
        ({"CHATHISTORY": "5", "MSGREFTYPES": "msgid,timestamp"}, Terms(5, by_msgid=True)),
        ({"CHATHISTORY": "0"}, Terms(1000, by_msgid=False)),
        ({"CHATHISTORY": "99999999999"}, Terms(1000, by_msgid=False)),
        ({"CHATHISTORY": "x", "MSGREFTYPES": ""}, Terms(100, by_msgid=False)),
        ({"DRAFT/CHATHISTORY": "7"}, Terms(7, by_msgid=False)),
    ],
)
def test_the_server_says_how_much_one_may_ask_for_and_by_what(tokens, terms):
    assert terms_of(tokens) == terms


def test_a_page_is_summed_up_in_whatever_order_it_came():
    page = lines(*"abcd")
    assert answer_of([page[2], page[0], page[3], page[1]]) == answer_of(page)
    assert merged(answer_of(page[:2]), answer_of(page[2:])) == answer_of(page)
    assert merged(Answer(), answer_of(page)) == merged(answer_of(page), Answer())


# -- any conversation, any server ------------------------------------------------------


@given(splits(), st.integers(2, 6), st.booleans(), st.booleans())
def test_walk_and_alignment_together_give_back_the_conversation(
    split, page, by_msgid, knows_seconds
):
    talk, begin, end = split
    heard, missed = [*talk[:begin], *talk[end:]], talk[begin:end]
    crowded = {line.time for line in talk if sum(x.time == line.time for x in talk) >= page}
    if not missed or crowded:
        return
    kept_as = [whole_second(line) for line in talk] if knows_seconds else talk
    server = Server(kept_as, Terms(page, by_msgid))
    last = talk[begin - 1] if begin else None
    since = Point(last.time, last.msgid) if last else Point(at(0))
    until = talk[end].time if end < len(talk) else at(10**7)
    if knows_seconds and (not by_msgid or not talk[0].msgid):
        return  # whole seconds by time alone are the business of the test before this one
    alignment = Alignment(NAMES)
    for line in heard:
        alignment.know(line)

    def keep(lines):
        alignment.begin_page()
        return alignment.new(lines)

    way = forward("#c", since, until, server.terms, has_earlier=begin > 0)
    outcome, fetched = walk(way, server, keep)
    assert outcome.reached >= until
    whole = sorted([*heard, *fetched], key=lambda line: line.time)
    if knows_seconds:
        assert sorted(line.msgid for line in whole) == sorted(line.msgid for line in talk)
    else:
        assert sorted(map(told, whole)) == sorted(map(told, talk))


def test_a_request_is_one_line_of_irc():
    server = Server(lines(*"abc"), BY_MSGID)
    fetch(server, Point(at(100)), at(9000))
    form = r"CHATHISTORY (AFTER|BEFORE|LATEST) #c (msgid=\S+|timestamp=\S+Z|\*) \d+"
    assert all(re.fullmatch(form, line) for line in server.asked)
    assert parse_time(server.asked[0].split("=")[1].split(" ")[0])
