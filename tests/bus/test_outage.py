"""The outages of a bus: told once each, and tried again after longer and longer pauses."""

from __future__ import annotations

import logging

from chatlog.bus.outage import BusOutage


def test_an_outage_is_told_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.INFO)
    outage = BusOutage("the lines wait")
    outage.end()
    for trouble in ("no connection", "no connection", "no answer"):
        outage.note(trouble)
    outage.end()
    outage.end()
    outage.note("no answer")
    assert caplog.messages == [
        "no connection; the lines wait",
        "the bus is back",
        "no answer; the lines wait",
    ]


def test_the_pause_grows_from_half_a_second_to_half_a_minute_and_begins_anew():
    outage = BusOutage("the lines wait")
    assert [outage.note("away") for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    outage.end()
    assert outage.note("away") == 0.5
