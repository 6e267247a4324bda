"""The events that screens show: a table of what is noise and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import RECORDERS_OWN, SERVER, EventType
from chatlog.formats import jsonl
from chatlog.query.noise import Signal, Talk
from tests.support.archive import event_at
from tests.support.events import events

NOISE = [
    *({"type": kind, "nick": "recorder"} for kind in sorted(RECORDERS_OWN)),
    {"type": "names", "nick": ""},
    {"type": "other", "nick": "", "command": "324", "params": ("me", "#c", "+nt")},
    {"type": "other", "nick": "", "command": "329", "params": ("me", "#c", "17")},
    {"type": "other", "nick": "", "command": "333", "params": ("me", "#c", "ann", "17")},
    {"type": "other", "nick": "tmi.twitch.tv", "command": "ROOMSTATE", "params": ("#c",)},
    {"type": "mode", "nick": "irc.example.org", "command": "+nt"},
]
SIGNAL = [
    {"type": "message"},
    {"type": "message", "nick": "irc.example.org"},
    {"type": "join"},
    {"type": "quit"},
    {"type": "topic", "nick": ""},
    {"type": "mode", "command": "+o", "params": ("bob",)},
    {"type": "mode", "command": "+m"},
    {"type": "mode", "nick": "irc.example.org", "command": "-b", "params": ("*!*@x",)},
    {"type": "mode", "nick": "a.b", "user": "a", "host": "b.net", "command": "+m"},
    {"type": "other", "nick": "", "command": "404", "params": ("me", "#c", "no")},
    {"type": "hologram"},
    {"type": "started", "target": SERVER},
    {"type": "other", "target": SERVER, "command": "324"},
]


@pytest.mark.parametrize("fields", NOISE, ids=lambda each: f"{each['type']} {each.get('command')}")
def test_noise_is_shown_only_if_its_type_is_asked_for(fields):
    event = event_at(0, "", **fields)
    assert not Signal().holds(event)
    assert Signal(frozenset({event.type})).holds(event)


@pytest.mark.parametrize("fields", SIGNAL, ids=str)
def test_every_other_event_is_shown(fields):
    assert Signal().holds(event_at(0, "", **fields))


def test_talk_is_of_people_alone():
    shown = [each for each in EventType if Talk().holds(event_at(0, "", type=each))]
    assert set(shown) == {
        *("message", "action", "notice", "usernotice", "redact", "clear", "react", "unreact"),
    }


@given(events(), st.sampled_from([Signal(), Signal(frozenset({"mode"})), Talk()]))
def test_an_event_of_a_type_that_is_shown_whole_is_shown(event, shown):
    line = jsonl.encode([event])
    kind = jsonl.type_of(line)
    if shown.takes_all(kind):
        assert shown.holds(jsonl.decode(line))
