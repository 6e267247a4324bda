"""A conversation by the order of its recorders: each line once, however late one heard it."""

import pytest

from chatlog.bus.conversation import Conversation
from chatlog.bus.likely_order import LikelyLine, position_of_first
from chatlog.bus.rows import heard_line
from chatlog.casemapping import Casemapping
from chatlog.event import parse_time
from tests.support.archive import event_at


def heard(recorder, *said):
    """Make lines of (second, text) as a recorder heard them; +X is the coming of a recorder."""
    lines = []
    for second, text in said:
        kind = {"type": "joined" if text[1:] == recorder else "join", "nick": f"rec{text[1:]}"}
        event = event_at(second, **(kind | {"text": ""} if text[:1] == "+" else {"text": text}))
        lines.append(heard_line(event, parse_time(event.time), Casemapping(), recorder))
    return lines


def added(conversation, recorder, *said):
    """Return the seconds and texts of the lines that nobody had told before."""
    rows = conversation.add(recorder, heard(recorder, *said))
    return [
        (row.time % 86_400_000 / 1000, text)
        for row, (_, text) in zip(rows, said, strict=True)
        if row is not None
    ]


def texts(new):
    return [text for _, text in new]


def test_a_line_that_one_recorder_heard_late_alone_is_no_other_one():
    talk = [(second, f"line {second}") for second in range(0, 200, 10)]
    late = [(100.7 if second == 100 else second + 0.002, text) for second, text in talk]
    conversation = Conversation()
    assert texts(added(conversation, "a", *talk)) == [text for _, text in talk]
    assert added(conversation, "b", *late) == []


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_equal_words_are_paired_by_their_order_while_a_recorder_hangs(at_once):
    talk = [(10, "+a"), (11, "+b"), *((20 + number * 0.3, "lol") for number in range(40))]
    late = [(max(second, 25.0) if 21 < second < 25 else second, text) for second, text in talk]
    conversation, new = Conversation(), []
    for begin in range(0, len(talk), at_once):
        new += added(conversation, "b", *late[begin : begin + at_once][begin == 0 :])
        new += added(conversation, "a", *talk[begin : begin + at_once])
    assert texts(new).count("lol") == 40


def test_a_word_before_one_recorder_came_is_not_that_after_the_other_had_gone():
    conversation = Conversation()
    assert texts(added(conversation, "a", (1, "+a"), (2, "hi"), (3, "yes"))) == ["+a", "hi", "yes"]
    assert texts(added(conversation, "b", (3.2, "+b"), (3.4, "yes"))) == ["+b", "yes"]
    assert texts(added(conversation, "a", (5, "+a"), (6, "no"))) == ["+a", "no"]
    assert added(conversation, "b", (5.001, "+a"), (6.001, "no")) == []


def test_lines_that_a_recorder_missed_while_it_was_away_stand_before_its_coming():
    conversation = Conversation()
    added(conversation, "a", (1, "+a"), (2, "+b"), (3, "one"))
    assert texts(added(conversation, "b", (2, "+b"), (3, "one"), (9, "+b"), (9.5, "four"))) == [
        "+b", "four",
    ]  # fmt: skip
    assert added(conversation, "a", (5, "two"), (9.3, "three"), (9.4, "+b"), (9.6, "four")) == [
        (5.0, "two"),
        (8.999, "three"),  # before the coming, whose stamp is that of the other
    ]


def test_two_that_come_at_once_are_in_the_order_in_which_one_saw_the_other():
    conversation = Conversation()
    added(conversation, "a", (10.0, "+a"))
    added(conversation, "b", (10.3, "+b"))
    assert added(conversation, "b", (10.3, "+a")) == []
    assert texts(added(conversation, "b", (20, "line"))) == ["line"]
    assert added(conversation, "a", (20, "line")) == []


@pytest.mark.parametrize("first", ["a", "b"])
@pytest.mark.parametrize(("one", "other"), [(20, 27), (27, 20)])
def test_a_recorder_may_hear_of_a_coming_seconds_late(first, one, other):
    heard_by = {
        "a": [(10, "+a"), (one, "+b"), (30, "line")],
        "b": [(other, "+b"), (30, "line")],
    }
    conversation = Conversation()
    added(conversation, "a", heard_by["a"].pop(0))
    for recorder in (first, "ab".replace(first, "")):
        new = added(conversation, recorder, *heard_by[recorder])
        assert texts(new) == (["+b", "line"] if recorder == first else [])


@pytest.mark.parametrize("at_once", [1, 4])
def test_of_two_comings_the_one_that_another_recorder_saw_is_the_nearer(at_once):
    conversation = Conversation()
    talk = (1, "+a"), (2, "+b"), (6, "one"), (20.4, "+a"), (24.5, "+b"), (33.183, "two")
    assert texts(added(conversation, "a", *talk)) == [text for _, text in talk]
    assert added(conversation, "b", (2, "+b"), (6, "one")) == []
    again = [(10.1, "+b"), (24.6, "+b"), (33.18, "two"), (34, "three")]
    new = []
    for begin in range(0, len(again), at_once):
        new += added(conversation, "b", *again[begin : begin + at_once])
    assert texts(new) == ["+b", "three"]


def test_no_recorder_saw_a_coming_before_its_own():
    conversation = Conversation()
    added(conversation, "b", (2, "+b"), (6, "one"), (10.1, "+b"))
    talk = (20.4, "+a"), (24.5, "+b"), (33.183, "two")
    assert texts(added(conversation, "a", *talk)) == ["+a", "+b", "two"]
    assert added(conversation, "b", (24.6, "+b"), (33.18, "two")) == []


def test_a_coming_after_a_going_that_was_seen_is_another_one():
    conversation = Conversation()
    added(conversation, "b", (2, "+b"), (3, "+a"), (11.9, "+b"))
    quitted = event_at(20.4, type="quit", nick="recb")
    gone = heard_line(quitted, parse_time(quitted.time), Casemapping(), "a")
    added(conversation, "a", (3.01, "+a"))
    conversation.add("a", [gone])
    assert texts(added(conversation, "a", (21.6, "+b"), (22.3, "two"))) == ["+b", "two"]
    assert added(conversation, "b", (21.61, "+b"), (22.3, "two")) == []


def test_a_recorder_whose_connection_broke_parts_where_others_see_it_quit():
    parted = heard_line(event_at(5, type="parted", nick="recb"), 5000, Casemapping(), "b")
    conversation = Conversation()
    added(conversation, "a", (1, "+a"), (2, "+b"))
    added(conversation, "b", (2, "+b"))
    conversation.add("b", [parted])
    assert texts(added(conversation, "a", (6, "alone"), (8, "+b"))) == ["alone", "+b"]
    assert texts(added(conversation, "b", (8, "+b"), (9, "line"))) == ["line"]
    assert added(conversation, "a", (9, "line")) == []


def test_lines_that_two_servers_delivered_in_another_order_are_one_each():
    conversation = Conversation()
    talk = [(second, f"line {second}") for second in range(20)]
    added(conversation, "a", *talk)
    other = [*talk[:7], (7.1, "line 8"), (7.2, "line 7"), *talk[9:]]
    assert added(conversation, "b", *other) == []


def test_a_line_that_one_recorder_missed_among_equal_ones_shifts_no_other():
    talk = [(second, "lol" if second % 3 else f"line {second}") for second in range(60)]
    conversation = Conversation()
    assert len(added(conversation, "a", *(each for each in talk if each[0] != 8))) == 59
    late = [(second + 0.013, text) for second, text in talk if second != 31]
    assert texts(added(conversation, "b", *late)) == ["lol"]


def test_rows_that_are_dropped_cost_no_later_line():
    conversation = Conversation()
    for second in range(0, 1000, 10):
        said = (second, f"line {second}")
        for recorder in "ab":
            added(conversation, recorder, said)
        conversation.drop_before(heard("a", (second - 30, ""))[0].time)
    assert added(conversation, "a", (1000, "end")) == [(1000.0, "end")]
    assert added(conversation, "b", (1000.4, "end")) == []


def test_the_place_of_a_recorder_is_found_again_by_its_last_lines():
    talk = [(10 + number, "lol") for number in range(20)]
    late = [(second + (0.7 if second % 5 else 0.0), text) for second, text in talk]
    conversation = Conversation()
    for line in heard("a", *talk):
        conversation.add_known(line, "a")
    conversation.recall("a", heard("a", *talk[5:]))
    conversation.recall("b", heard("b", *late[5:18]))
    assert added(conversation, "b", *late[18:], (30.7, "lol")) == [(30.7, "lol")]
    assert added(conversation, "a", (30, "lol")) == []


def test_a_hang_is_likelier_than_two_losses_and_a_loss_than_many_hangs():
    others = [LikelyLine(number * 1000, "lol") for number in range(10)]
    hung = [LikelyLine(9000, "lol")] * 10
    assert position_of_first(hung, others) == 0
    lost = [LikelyLine(number * 1000, "lol") for number in range(1, 10)]
    assert position_of_first(lost, others) == 1
    assert position_of_first(others, lost) is None
