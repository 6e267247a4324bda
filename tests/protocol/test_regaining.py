"""Getting back the nick that we wanted."""

from __future__ import annotations

from chatlog.protocol.isupport import ISupport
from chatlog.protocol.regaining import Regaining


def regaining(nick, *tokens):
    isupport = ISupport()
    isupport.receive(tokens)
    made = Regaining("log")
    made.begin(isupport, nick)
    return made


def test_a_recorder_that_has_its_nick_watches_for_nobody():
    assert regaining("log", "MONITOR=100").advance(0.0) == ([], None)


def test_the_nick_is_asked_for_more_and_more_seldom():
    made = regaining("log_")
    now, waits = 0.0, []
    for _ in range(7):
        _, at = made.advance(now)
        waits.append(at - now)
        now = at
    assert waits == [60, 120, 240, 480, 960, 1800, 1800]
    assert made.advance(now)[0] == ["NICK log"]


def test_nothing_is_asked_before_its_time():
    made = regaining("log_")
    made.advance(0.0)
    assert made.advance(59.9) == ([], 60.0)
    assert made.advance(60.0)[0] == ["NICK log"]


def test_the_holder_who_leaves_is_followed_at_once():
    made = regaining("log_")
    made.advance(0.0)
    made.gone("LOG")
    assert made.changed
    assert made.advance(1.0)[0] == ["NICK log"]


def test_a_nick_that_we_do_not_want_may_leave_without_effect():
    made = regaining("log_")
    made.advance(0.0)
    made.gone("bob")
    assert not made.changed


def test_where_the_server_can_it_watches_the_nick_until_we_have_it():
    made = regaining("log_", "MONITOR=100")
    assert made.advance(0.0)[0] == ["MONITOR + log"]
    made.gone("log")
    assert made.advance(1.0)[0] == ["NICK log"]
    made.is_now("log")
    assert made.advance(2.0) == (["MONITOR - log"], None)


def test_a_nick_that_is_taken_from_us_is_asked_for_again():
    made = regaining("log")
    made.advance(0.0)
    made.is_now("Guest7")
    _, at = made.advance(1.0)
    assert made.advance(at)[0] == ["NICK log"]


def test_before_a_connection_there_is_nothing_to_regain():
    assert Regaining("log").advance(0.0) == ([], None)
