"""The plan of a channel: the months of which something has changed."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chatlog.export.run import Exported
from chatlog.export.site.channel_plan import ChannelPlan
from chatlog.export.site.month_pages import GapOfChannel, RenderedMonths
from chatlog.export.site.settings import SiteChannel, SiteSettings
from chatlog.export.site.site_days import BuiltChannel, MonthOfChannel
from chatlog.export.site.site_withholding import SiteWithholding
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.reader import Reader

NONE = ((), ())
LATE = ("2026-10-31T23:10:00.000Z", "2026-10-31T23:20:00.000Z")
"""In November already, where Berlin's clocks are."""


def plan(known, heard):
    months = [MonthOfChannel("2026-10", []), MonthOfChannel("2026-11", [])]
    return ChannelPlan(
        SiteChannel("net", "#c", "net", "c"),
        known,
        root=Path("nowhere"),
        months=months,
        heard=heard,
        options="",
        settings=SiteSettings(tz=ZoneInfo("Europe/Berlin")),
        withholding=SiteWithholding((), frozenset(), ""),
        reader=Reader("nowhere", ()),
        is_lost=lambda _month: False,
    )


def changed(before, after):
    """Return the months that are rendered after those of `before` were."""
    first = plan(BuiltChannel("net", "#c"), before)
    for work in first.works(first.changed()):
        first.take(work, RenderedMonths([], "", Exported(), DamagedLines().told))
    return plan(first.found, after).changed()


@pytest.mark.parametrize(
    ("before", "after", "months"),
    [
        (NONE, NONE, []),
        (NONE, ((GapOfChannel(*LATE, "x"),), ()), ["2026-11"]),
        (((GapOfChannel(*LATE, "x"),), ()), ((GapOfChannel(*LATE, "y"),), ()), ["2026-11"]),
        (NONE, ((), (LATE,)), ["2026-11"]),
        (NONE, ((), (("2026-10-01T00:00:00.000Z", LATE[1]),)), ["2026-10", "2026-11"]),
        (((), (("2026-10-01T00:00:00.000Z", LATE[0]),)),
         ((), (("2026-10-01T00:00:00.000Z", LATE[1]),)), ["2026-11"]),
    ],
)  # fmt: skip
def test_a_month_is_rendered_again_if_it_was_heard_otherwise(before, after, months):
    assert changed(before, after) == months
