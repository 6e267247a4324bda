"""Witnesses as tests draw them: one talk as each has it, with the faults that records have."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import strategies as st

from tests.support.archive import START, event_at

GRAINS = {"ms": 1, "sec": 1000, "min": 60_000}
_NOON = START + 12 * 3_600_000


class Line(NamedTuple):
    """A line: its stamp in milliseconds, nick and text, and an account if its witness knows it."""

    at: int
    nick: str
    text: str
    account: str = ""

    def event(self, grain=1):
        """Return the line as an event whose stamp has a grain."""
        stamp = (self.at // grain * grain - START) / 1000
        return event_at(stamp, self.text, nick=self.nick, account=self.account)


@st.composite
def _talks(draw):
    """Draw a talk, in which few words are said by two people again and again."""
    words = ("yes", "no", "lol", "ok")[: draw(st.integers(1, 4))]
    at, talk = _NOON, []
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0, 1, 300, 2000, 10_000, 60_000, 90_000]))
        text = draw(st.sampled_from([*words, f"sentence {number}"]))
        talk.append(Line(at, draw(st.sampled_from(["ann", "bob"])), text))
    return talk


@st.composite
def _heard(draw, talk):
    """Draw the lines of one witness: with losses, a clock of its own, and lines out of order.

    A witness that knows accounts has the richer copy of each line.
    """
    offset = draw(st.sampled_from([0, 0, 300, -700, 3000, 20_000, 70_000, -70_000]))
    jitter = st.integers(0, draw(st.sampled_from([0, 50, 400, 3000])))
    deaf = draw(st.sets(st.integers(0, len(talk) - 1), max_size=len(talk) // 3))
    account = draw(st.sampled_from(["", "", "services"]))
    lines = [
        line._replace(at=line.at + offset + draw(jitter), account=account)
        for number, line in enumerate(talk)
        if number not in deaf
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


@st.composite
def drawn_witnesses(draw):
    """Draw what one to three witnesses have of a talk: how exact its stamps are, and its lines."""
    talk = draw(_talks())
    drawn = [
        (draw(st.sampled_from([*GRAINS])), draw(_heard(talk)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    return [each for each in drawn if each[1]] or [("ms", talk)]


def most_of_each(witnesses):
    """Return how often each text was said at least: as often as the witness has it who has most."""
    most = Counter()
    for _, lines in witnesses:
        most |= Counter((line.nick, line.text) for line in lines)
    return most
