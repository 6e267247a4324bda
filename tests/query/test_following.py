"""People followed through their nicks."""

from __future__ import annotations

from chatlog.casemapping import Casemapping
from chatlog.query.following import follow
from chatlog.query.predicates import Nick
from tests.support.archive import event_at

FOLDS = Casemapping("rfc1459")


def renamed(at, before, after):
    return event_at(at, "", type="nick", nick=before, subject=after)


def gone(at, nick):
    return event_at(at, "", type="quit", nick=nick)


def followed(nick, *changes):
    """Say as whom a message counts, second by second, for the nicks that are not asked for."""
    terms = follow([Nick(nick)], changes, lambda _: FOLDS)
    return lambda at, name: any(
        term.holds(event_at(at, nick=name), lambda _: FOLDS) for term in terms
    )


def test_somebody_is_followed_to_the_next_nick_and_the_one_behind():
    is_ann = followed("ann", renamed(10, "Ann", "away"), renamed(20, "AWAY", "back"))
    assert [is_ann(at, "away") for at in (5, 15, 25)] == [False, True, False]
    assert [is_ann(at, "back") for at in (15, 25)] == [False, True]


def test_a_person_is_followed_back_through_earlier_nicks():
    is_ann = followed("ann", renamed(10, "guest1", "guest2"), renamed(20, "guest2", "ann"))
    assert is_ann(5, "guest1")
    assert is_ann(15, "guest2")
    assert not is_ann(15, "guest1")
    assert not is_ann(25, "guest2")


def test_whoever_has_the_nick_later_is_somebody_else():
    is_ann = followed("ann", renamed(10, "ann", "away"), gone(20, "away"))
    assert is_ann(20, "away")
    assert not is_ann(21, "away")


def test_whoever_had_the_nick_before_was_somebody_else():
    is_ann = followed("ann", gone(10, "guest"), renamed(20, "guest", "ann"))
    assert not is_ann(9, "guest")
    assert is_ann(15, "guest")


def test_a_change_that_stands_in_several_channels_counts_once():
    change = renamed(10, "ann", "away")
    is_ann = followed("ann", change, change, renamed(20, "away", "x"), renamed(20, "away", "x"))
    assert [is_ann(at, "x") for at in (15, 25)] == [False, True]
    assert not is_ann(25, "away")
