"""Witnesses as tests draw them: one talk as each has it, with the faults that records have."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from chatlog.alignment import sequences
from tests.support.archive import START, event_at

GRAINS = {"ms": 1, "sec": 1000, "min": 60_000}
_NOON = START + 12 * 3_600_000


class Line(NamedTuple):
    """A line: its stamp in milliseconds, nick and text, and further fields if its witness has them.

    A text of several lines is a message that its witness has as a whole.
    """

    at: int
    nick: str
    text: str
    account: str = ""
    msgid: str = ""

    def event(self, grain=1):
        """Return the line as an event whose stamp has a grain."""
        stamp = (self.at // grain * grain - START) / 1000
        msgid = self.msgid if grain == 1 else ""
        return event_at(stamp, self.text, nick=self.nick, account=self.account, msgid=msgid)


@st.composite
def _talks(draw, has_wholes):
    """Draw a talk, in which few words are said by two people again and again."""
    words = ("yes", "no", "lol", "ok")[: draw(st.integers(1, 4))]
    at, talk = _NOON, []
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0, 1, 300, 2000, 10_000, 60_000, 90_000]))
        wholes = [f"head {number}\ntail {number}"] if has_wholes else []
        text = draw(st.sampled_from([*words, f"sentence {number}", *wholes]))
        nick = draw(st.sampled_from(["ann", "bob"]))
        talk.append(Line(at, nick, text, msgid=f"id{number}"))
    return talk


@st.composite
def _heard(draw, talk):
    """Draw the lines of one witness: with losses, a clock of its own, and lines out of order.

    A witness that knows accounts has the richer copy of each line. One that is not sent whole
    messages has their lines, the first with the msgid.
    """
    offset = draw(st.sampled_from([0, 0, 300, -700, 3000, 20_000, 70_000, -70_000]))
    jitter = st.integers(0, draw(st.sampled_from([0, 50, 400, 3000])))
    deaf = draw(st.sets(st.integers(0, len(talk) - 1), max_size=len(talk) // 3))
    account = draw(st.sampled_from(["", "", "services"]))
    has_msgids, as_sent = draw(st.booleans()), draw(st.sampled_from([_whole, _by_lines]))
    talk = talk if has_msgids else [line._replace(msgid="") for line in talk]
    lines = [
        part._replace(at=line.at + offset + draw(jitter), account=account)
        for number, line in enumerate(talk)
        if number not in deaf
        for part in as_sent(line)
    ]
    begin, end = sorted(draw(st.tuples(*[st.integers(0, len(lines))] * 2)))
    match draw(st.sampled_from(["", "step", "swap", "reversed", "hung", "part"])):
        case "step":
            step = draw(st.sampled_from([-65_000, -5000, 5000, 30_000]))
            lines[begin:] = [line._replace(at=line.at + step) for line in lines[begin:]]
        case "swap" if end - begin > 1:
            lines[begin], lines[end - 1] = lines[end - 1], lines[begin]
        case "reversed":
            lines.reverse()
        case "hung" if end > begin:  # as copies of a netsplit: all late, at one moment
            last = max(line.at for line in lines[begin:end])
            last += draw(st.sampled_from([0, 20_000, 60_000, 110_000]))
            lines[begin:end] = [line._replace(at=last) for line in lines[begin:end]]
        case "part" if end > begin:
            lines = lines[begin:end]
    return lines


def _whole(line):
    return [line]


def _by_lines(line):
    first, *others = line.text.split("\n")
    return [line._replace(text=first), *(line._replace(text=each, msgid="") for each in others)]


@st.composite
def drawn_witnesses(draw, *, has_wholes=False):
    """Draw what one to three witnesses have of a talk: how exact its stamps are, and its lines.

    Some messages are of several lines if it `has_wholes`.
    """
    talk = draw(_talks(has_wholes))
    drawn = [
        (draw(st.sampled_from([*GRAINS])), draw(_heard(talk)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    return [each for each in drawn if each[1]] or [("ms", talk)]


blocks = st.sampled_from([2, 3, 6, sequences.BLOCK])
"""Numbers of lines that are compared at once: of few, equal ones are too far apart as in a long
record that runs backwards."""


@contextmanager
def comparing(block):
    """Compare this many lines at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "BLOCK", block)
        patch.setattr(sequences, "MOST_LINES", 16 * block)
        yield


def most_of_each(witnesses):
    """Return how often each text was said at least: as often as the witness has it who has most."""
    most = Counter()
    for _, lines in witnesses:
        most |= said_lines(lines)
    return most


def said_lines(lines):
    """Return how often each line was said; a whole message counts as its lines."""
    return Counter((line.nick, text) for line in lines for text in line.text.split("\n"))
