"""How much a server plays back, as the modes of a channel tell it."""

from __future__ import annotations

import pytest

from chatlog.protocol.facts import PlaybackLimits
from chatlog.protocol.history.playback_limits import limits_of, may_be_asked
from chatlog.protocol.isupport import ISupport
from tests.support.conversation import in_channels

INSPIRCD = "CHANMODES=IXbeg,k,BEFHJLWdfjl,ACDKMNOPQRSTUcimnprstuz"
ME = ":irc.test"


def isupport(*tokens):
    support = ISupport()
    support.receive(tokens)
    return support


@pytest.mark.parametrize(
    ("modes", "arguments", "limits"),
    [
        ("+H", ["20:1h"], (20, 3600)),
        ("+Hnt", ["20:1h30m"], (20, 5400)),
        ("+ntkH", ["*", "5:90"], (5, 90)),
        ("+lH", ["50", "100:2d"], (100, 172_800)),
        ("+nt", [], None),
        ("+H", [], None),
        ("+H", ["20"], None),
        ("+H", ["20:soon"], None),
        ("+Hk", ["*", "20:1h"], None),
        ("", [], None),
    ],
)
def test_the_mode_tells_how_many_lines_of_how_long(modes, arguments, limits):
    found = limits_of("#a", modes, arguments, isupport(INSPIRCD))
    assert (found and (found.lines, found.seconds)) == limits


def test_only_a_server_that_has_the_mode_is_asked():
    assert may_be_asked(isupport(INSPIRCD))
    assert not may_be_asked(isupport("CHANMODES=b,k,l,imnpst"))
    assert not may_be_asked(isupport("CHANMODES=bH,k,l,imnpst"))


def test_who_asked_is_told_and_the_answer_is_no_event():
    talk = in_channels(f"{ME} 005 log {INSPIRCD} :are supported by this server")
    assert talk.session.ask_playback_limits("#a") == ["MODE #a"]
    assert talk.session.ask_playback_limits("#A") == []
    events = talk.hear(f"{ME} 324 log #a +Hnt 20:1h", f"{ME} 329 log #a 1795458001")
    assert events == []
    [limits] = talk.told(PlaybackLimits)
    assert (limits.target, limits.lines, limits.seconds) == ("#a", 20, 3600)


def test_an_answer_that_nobody_asked_for_is_kept():
    talk = in_channels()
    heard = talk.outcome(f"{ME} 324 log #a +nt", f"{ME} 329 log #a 1795458001")
    assert [line.split()[:2] for line in heard] == [["#a", "other"], ["#a", "other"]]
