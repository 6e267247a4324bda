"""What a server's parting words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.refusals import _VERDICTS, ACCIDENT, judge


@pytest.mark.parametrize(
    "reason",
    [
        "Closing Link: 127.0.0.1 (K-Lined)",
        "Closing link: (chatlog@127.0.0.1) [G-lined: spam]",
        "Closing Link: host (*** Banned: proxy)",
        "Closing Link: (*@*) [Z-lined]",
        "Closing Link: host (AKILL: no)",
        "Access denied: Bad password?",
        "Closing Link: x (You are not authorized to connect to this server)",
    ],
)
def test_who_is_not_wanted_stays_away(reason):
    assert judge(reason).for_good


@pytest.mark.parametrize(
    "reason",
    [
        "Your host is trying to (re)connect too fast -- throttled",
        "Trying to reconnect too fast.",
        "Closing Link: 127.0.0.1 (Too many connections from your IP)",
        "Closing Link: (No more connections allowed from your host via this connect class)",
        "Closing Link: x (Killed (oper (go away, you are banned)))",
        "Server full",
    ],
)
def test_who_comes_too_often_waits_a_minute_at_least(reason):
    verdict = judge(reason)
    assert verdict.least >= 60
    assert not verdict.for_good


@pytest.mark.parametrize("reason", ["Closing Link: x (Excess Flood)", "Max RecvQ exceeded"])
def test_who_talks_too_fast_learns_to_talk_slowly(reason):
    assert judge(reason).flooded


@pytest.mark.parametrize(
    "reason", ["", "Closing Link: x (Ping timeout: 121 seconds)", "Server going down", "bye"]
)
def test_parting_words_without_a_known_phrase_are_an_accident(reason):
    assert judge(reason) == ACCIDENT


@given(st.text())
def test_any_parting_words_have_one_of_the_known_consequences(reason):
    assert judge(reason) in {ACCIDENT, *(verdict for _, verdict in _VERDICTS)}
