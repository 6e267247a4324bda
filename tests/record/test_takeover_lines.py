"""The lines of a spool that a transcript lacks: any conversation, any moment of the hand-over."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.locks import Locks
from chatlog.archive.syncing import Exposed
from chatlog.casemapping import Casemapping
from chatlog.event import Event, format_time, parse_time
from chatlog.record.takeover_lines import missing_lines, write_spooled
from chatlog.write.takeover_spool import own_spool
from chatlog.write.writer import Storage, Writer
from tests.support.archive import UNSYNCED, read_all

START = parse_time("2026-11-23T23:59:58.000Z")
RFC = Casemapping("rfc1459")


def said(text, moment, number=None, **fields):
    msgid = "" if number is None else f"m{number}"
    return Event(
        time=format_time(START + moment), network="net", target="#a", type="message", nick="ada",
        text=text, msgid=msgid, **fields,
    )  # fmt: skip


def other(kind, moment, target="#a", **fields):
    time = format_time(START + moment)
    return Event(time=time, network="net", target=target, type=kind, **fields)


def written(root, events, formats=("jsonl",)):
    writer = Writer(Storage(root=root, formats=formats), system=UNSYNCED)
    writer.hold("net", "#a")
    writer.set_casemapping("net", "rfc1459")
    writer.write_all(events)
    writer.close()


def missing(root, known, spooled, formats=("jsonl",)):
    """Return the texts of the spooled events that a transcript lacks."""
    written(root, known, formats)
    spool = own_spool(root, "run", system=UNSYNCED, mode=0o640, exposed=Exposed())
    if spooled:
        spool.append(spooled)
    of_target = spool.events_of(("net", "#a"))
    locks = Locks(root)
    found = missing_lines(root / "net" / "#a", of_target, len(of_target), RFC, locks)
    texts = [event.text for event in of_target.read(found.numbers)]
    locks.close()
    spool.close()
    return texts


PAUSES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 900)), max_size=15)
OVERLAP = 600
"""The milliseconds for which both runs hear the channel, at the least."""


@st.composite
def hand_overs(draw):
    """Draw what the old run has of a conversation, what the new one has, and what is missing."""
    has_ids, is_stamped = draw(st.booleans()), draw(st.booleans())
    old, new, missing_texts, moment = [], [], [], 0
    parts = ("before", draw(PAUSES)), ("both", draw(PAUSES)), ("after", draw(PAUSES))
    for part, lines in parts:
        if part == "both":
            old.append(other("join", moment, nick="rec_"))
            new.append(other("joined", moment, nick="rec_"))
        for text, pause in lines:
            moment += pause
            number = moment * 100 + len(new) if has_ids else None
            late = 0 if is_stamped else draw(st.integers(0, 60))
            if part != "after":
                old.append(said(text, moment, number))
            if part != "before":
                new.append(said(text, moment + late, number))
            if part == "after":
                missing_texts.append(text)
        moment += OVERLAP
    return old, new, missing_texts


@given(hand_overs())
def test_what_the_old_run_has_until_it_leaves_is_not_missing_and_all_after_that_is(drawn):
    old, new, expected = drawn
    with tempfile.TemporaryDirectory() as directory:
        found = missing(Path(directory), old, new)
    assert sorted(found) == sorted(expected)


@st.composite
def hand_overs_without_times(draw):
    """Draw a conversation on a server without times: words, and those that each run stamps."""
    words = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=12))
    came = draw(st.integers(0, len(words)))
    left = draw(st.integers(came, len(words)))
    old, new, moment = [], [], 0
    delays = st.integers(0, 8)
    for at, (text, pause) in enumerate([*words, ("", 0)]):
        moment += pause
        if at == came:
            old.append(other("join", _late(old, moment + draw(delays)), nick="rec_"))
            new.append(other("joined", _late(new, moment + draw(delays)), nick="rec_"))
            new.append(other("names", _late(new, moment), text="@ada rec"))
        if text and at < left:
            old.append(said(text, _late(old, moment + draw(delays))))
        if text and at >= came:
            new.append(said(text, _late(new, moment + draw(delays))))
    old.append(other("parted", _late(old, moment), nick="rec"))
    return "".join(text for text, _ in words), old, new


def _late(events, moment):
    """Return a moment that is no earlier than the last event's."""
    return max([moment, *(parse_time(event.time) - START for event in events[-1:])])


@given(hand_overs_without_times(), st.data())
def test_equal_words_are_told_apart_by_their_order_where_the_server_gives_no_times(drawn, data):
    words, old, new = drawn
    killed_after = data.draw(st.integers(0, len(new)), label="lines put in before a kill")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        written(root, old)
        spool = spool_of(root, new)
        put_in(root, spool, killed_after)
        put_in(root, spool)
        events = read_all(root)
        assert put_in(root, spool) == 0
        spool.close()
    assert "".join(event.text for event in events if event.type == "message") == words
    assert sum(event.type == "names" for event in events) == 1


def spool_of(root, events):
    spool = own_spool(root, "run", system=UNSYNCED, mode=0o640, exposed=Exposed())
    spool.append(events)
    return spool


def put_in(root, spool, most=None):
    """Write the first missing lines of a spool as a run does; return how many were missing."""
    spooled, locks = spool.events_of(("net", "#a")), Locks(root)
    found = missing_lines(root / "net" / "#a", spooled, len(spooled), RFC, locks)
    locks.close()
    writer = Writer(Storage(root=root), system=UNSYNCED)
    writer.hold("net", "#a")
    some = found._replace(numbers=found.numbers[:most])
    for _ in write_spooled(spooled, some, writer.write_all, writer.flush):
        pass
    writer.close()
    return len(found.numbers)


def test_a_word_that_was_said_before_we_came_and_after_the_other_left_was_said_twice(tmp_path):
    assert missing(tmp_path, [said("lol", 0)], [said("lol", 300)]) == ["lol"]


@pytest.mark.parametrize(("of_old", "of_new"), [(0, 0), (40_000, 0), (0, 40_000)])
def test_a_run_that_hung_has_the_same_lines_later(tmp_path, of_old, of_new):
    lines = [str(at) for at in range(20)]
    known = [other("join", of_old, nick="rec_")]
    known += [said(text, of_old + 10 * at) for at, text in enumerate(lines)]
    spooled = [other("joined", of_new, nick="rec_")]
    spooled += [said(text, of_new + 10 * at) for at, text in enumerate([*lines, "new"])]
    assert missing(tmp_path, known, spooled) == ["new"]


def test_lines_that_were_put_in_before_a_crash_are_not_missing_again(tmp_path):
    lines = [
        said(text, 100 * at, received=format_time(START + 100 * at + 7))
        for at, text in enumerate("aabab")
    ]
    assert missing(tmp_path, lines[:3], lines) == ["a", "b"]
    assert missing(tmp_path / "again", lines[:4], lines) == ["b"]
    assert missing(tmp_path / "whole", lines, lines) == []


def test_a_hole_of_the_old_run_is_filled(tmp_path):
    lines = [said(str(at), 1000 * at) for at in range(30)]
    known = [*lines[:10], *lines[20:25]]
    assert missing(tmp_path, known, lines[5:]) == [
        *map(str, range(10, 20)),
        *map(str, range(25, 30)),
    ]


def test_text_segments_are_compared_by_their_sentences_and_seconds(tmp_path):
    lines = [said(str(at), 300 * at) for at in range(12)]
    assert missing(tmp_path, lines[:8], lines[3:], ("text",)) == ["8", "9", "10", "11"]


def test_the_names_of_our_arrival_are_ours_alone_and_written_once(tmp_path):
    theirs, ours = other("names", 50, text="@ada rec"), other("names", 3050, text="@ada rec")
    assert missing(tmp_path, [theirs], [ours, said("hi", 3060)]) == ["@ada rec", "hi"]
    assert missing(tmp_path / "crash", [theirs, ours], [ours, said("hi", 3060)]) == ["hi"]


def test_an_earlier_hand_over_a_moment_ago_is_not_taken_for_this_one(tmp_path):
    def hand_over(moment, number):
        """Return the lines that both hear, and then those that only the new run hears."""
        both = [
            other("join", moment, nick="rec_"),
            said(number, moment + 5),
            said("lol", moment + 5),
            said(f"{number}!", moment + 500),
            said("lol", moment + 500),
        ]
        alone = [
            other("quit", moment + 510, nick="rec", text="chatlog stopped"),
            other("nick", moment + 520, nick="rec_", subject="rec"),
        ]
        return both, alone

    before, after = hand_over(0, "1"), hand_over(3500, "2")
    known = [*before[0], *before[1], *after[0], other("parted", 4011, nick="rec")]
    joined = other("joined", 3501, nick="rec_", text="irc.test")
    spooled = [joined, *after[0][1:], *after[1]]
    assert missing(tmp_path, known, spooled) == ["chatlog stopped", ""]


def test_an_empty_spool_and_an_empty_transcript_are_no_error(tmp_path):
    assert missing(tmp_path, [], []) == []
    assert missing(tmp_path / "other", [], [said("hi", 1)]) == ["hi"]
