"""The status of a run in one line."""

from __future__ import annotations

from chatlog.cli.show.run_line import run_line
from tests.support.statuses import network_status, run_status


def test_a_run_that_is_well_is_said_in_few_words():
    one = network_status("libera", joined=30, wanted=30, lag=0.07)
    other = network_status("oftc", lag=0.12)
    assert run_line(run_status(one, other)) == "2 networks, 31 channels, lag 0.1 s"


def test_missing_networks_and_channels_are_told_by_how_many_there_are():
    one = network_status("libera", joined=29, wanted=30, lag=12.0)
    other = network_status("oftc", connected=False, joined=0)
    assert run_line(run_status(one, other)) == "1 of 2 networks, 29 of 31 channels, lag 12.0 s"


def test_one_has_no_plural_and_a_lag_that_was_never_measured_is_left_out():
    assert run_line(run_status(network_status())) == "1 network, 1 channel"


def test_lines_that_wait_for_the_disk_are_counted():
    waiting = run_status(network_status(), waiting=1)
    assert run_line(waiting) == "1 network, 1 channel, 1 line waiting for the disk"
