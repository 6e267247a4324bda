"""Lists of the people who wrote to us: what is taken from them, however long they are."""

from __future__ import annotations

import pytest

from chatlog.protocol.facts import HistoryTargets
from chatlog.protocol.history.target_lists import MAX_NAMES
from tests.support.conversation import in_channels

FIRST, LAST = "2026-11-23T18:00:00.000Z", "2026-11-23T18:10:00.000Z"


def listed(talk):
    return [fact for fact in talk.facts if isinstance(fact, HistoryTargets)]


def line(name, time=FIRST, batch="t"):
    return f"@batch={batch} :irc.test CHATHISTORY TARGETS {name} {time}"


@pytest.mark.parametrize("kind", ["draft/chathistory-targets", "chathistory-targets"])
def test_the_people_of_a_list_are_told_and_channels_only_counted(kind):
    talk = in_channels(queries=True)
    events = talk.hear(
        f"@label=l1 :irc.test BATCH +t {kind}",
        line("ada"), line("#a"), line("Bob", f"timestamp={LAST}"), line("@server"), line("*"),
        ":irc.test BATCH -t",
    )  # fmt: skip
    assert events == [], "the names of people who wrote are in no transcript"
    assert listed(talk) == [HistoryTargets(("ada", "Bob"), 5, LAST, "l1")]


def test_lines_outside_a_list_are_neither_told_nor_recorded():
    talk = in_channels()
    events = talk.hear(line("ada"), ":irc.test CHATHISTORY TARGETS bob", ":irc.test CHATHISTORY")
    assert (events, listed(talk)) == ([], [])


def test_a_time_that_cannot_be_is_no_last_one():
    talk = in_channels()
    talk.hear(":irc.test BATCH +t chathistory-targets", line("ada", "soon"), ":irc.test BATCH -t")
    assert listed(talk) == [HistoryTargets(("ada",), 1)]


def test_of_an_endless_list_a_thousand_names_are_kept():
    talk = in_channels()
    talk.hear(":irc.test BATCH +t chathistory-targets")
    for number in range(MAX_NAMES + 500):
        talk.hear(line(f"n{number}"))
    talk.hear(":irc.test BATCH -t")
    (told,) = listed(talk)
    assert (len(told.names), told.lines) == (MAX_NAMES, MAX_NAMES + 500)
