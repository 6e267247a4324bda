"""Events as lines: columns, days above them, and where a target was not heard."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from chatlog.archive.targets import Target
from chatlog.cli.show.painting import Painter
from chatlog.cli.show.screen import Screen, batched, find_in
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.query.texts import literal
from chatlog.report.gap_runs import GapRun
from tests.support.archive import event_at

DAY = 86_400
ONE = [Target("net", "#c", "/nowhere/net/#c")]


@pytest.fixture
def screen(monkeypatch):
    """Make screens without colours, on Thursday 2026-11-26 at noon."""
    monkeypatch.setattr("chatlog.clock.now", lambda: "2026-11-26T12:00:00.000Z")

    def make(targets=ONE, tz=UTC, **how):
        made = Screen(targets, tz, Painter("never"), **how)
        return lambda *events, gaps=(): made(events, gaps).decode()

    return make


@pytest.mark.parametrize(
    ("days", "heading"),
    [
        (-2000, "Wednesday 2021-06-02, 2,003 days ago"),
        (0, "Monday 2026-11-23, 3 days ago"),
        (1, "Tuesday 2026-11-24, 2 days ago"),
        (2, "Wednesday 2026-11-25, yesterday"),
        (3, "Thursday 2026-11-26, today"),
        (4, "Friday 2026-11-27"),
    ],
)
def test_a_day_stands_above_its_events_by_its_name_and_how_long_ago_it_was(screen, days, heading):
    shown = screen(headings=True)(event_at(days * DAY, "hi"))
    assert shown == f"--- {heading}\n00:00:00 <ann> hi\n"


def test_each_day_is_named_once_whatever_comes_in_how_many_pieces(screen):
    show = screen(headings=True)
    assert show(event_at(0, "one")).startswith("--- Monday")
    assert show(event_at(1, "two")) == "00:00:01 <ann> two\n"
    assert show(event_at(2, "three"), event_at(DAY, "four")) == (
        "00:00:02 <ann> three\n--- Tuesday 2026-11-24, 2 days ago\n00:00:00 <ann> four\n"
    )


def test_headings_of_days_go_by_the_zone(screen):
    show = screen(tz=ZoneInfo("Asia/Tokyo"), headings=True)
    assert show(event_at(DAY - 1, "late")) == (
        "--- Tuesday 2026-11-24, 2 days ago\n08:59:59 <ann> late\n"
    )


def test_what_has_no_time_has_no_day(screen):
    event = event_at(0, "hi")
    broken = type(event)(time="soon", nick="ann", type="message", text="hi")
    assert screen(headings=True)(broken) == "soon <ann> hi\n"


def test_without_headings_a_date_is_told_where_it_is_not_today(screen):
    assert screen()(event_at(3 * DAY, "hi")) == "00:00:00 <ann> hi\n"
    assert screen()(event_at(0, "hi")) == "2026-11-23 00:00:00 <ann> hi\n"
    assert screen(dates=True)(event_at(3 * DAY, "hi")) == "2026-11-26 00:00:00 <ann> hi\n"


def test_a_column_is_as_wide_as_terminals_show_its_names(screen):
    targets = [Target("net", name, f"/nowhere/net/{name}") for name in ("#日本", "#ab", "#e\u0301")]
    assert screen(targets)(
        event_at(3 * DAY, "one", target="#日本"),
        event_at(3 * DAY, "two", target="#ab"),
        event_at(3 * DAY, "three", target="#e\u0301"),
    ) == ("00:00:00 #日本 <ann> one\n00:00:00 #ab   <ann> two\n00:00:00 #e\u0301    <ann> three\n")


def gap(state, **fields):
    return Gap(
        Bound("2026-11-26T00:00:10.000Z"), "2026-11-26T01:00:10.000Z", state, "killed", **fields
    )


def placed(position, gap, target="#c"):
    return GapRun(position, (Target("net", target, f"/nowhere/net/{target}"),), (gap,))


def test_a_gap_stands_where_it_lies(screen):
    events = [event_at(3 * DAY + second, "hi") for second in (0, 5, 4000)]
    assert screen()(*events, gaps=[placed(2, gap(GapState.OPEN))]) == (
        "00:00:00 <ann> hi\n00:00:05 <ann> hi\n"
        "--- net: gap 00:00:10–01:00:10, recorder died; not recovered\n"
        "01:06:40 <ann> hi\n"
    )


def test_a_gap_stands_under_the_day_on_which_it_began(screen):
    events = [event_at(0, "hi"), event_at(2 * DAY, "hi")]
    early = replace(
        gap(GapState.OPEN), start=Bound("2026-11-24T10:00:00.000Z"), end="2026-11-24T10:30:00.000Z"
    )
    shown = screen(headings=True)(*events, gaps=[placed(1, early)]).splitlines()
    assert [line.split(",")[0] for line in shown if line.startswith("---")] == [
        "--- Monday 2026-11-23",
        "--- Tuesday 2026-11-24",
        "--- net: gap 10:00:00–10:30:00",
        "--- Wednesday 2026-11-25",
    ]


def test_lines_without_dates_get_a_heading_when_the_day_changes(screen, monkeypatch):
    show = screen()
    assert show(event_at(3 * DAY + 86_399, "one")) == "23:59:59 <ann> one\n"
    monkeypatch.setattr("chatlog.clock.now", lambda: "2026-11-27T00:00:01.000Z")
    assert show(event_at(4 * DAY, "two")) == ("--- Friday 2026-11-27, today\n00:00:00 <ann> two\n")
    assert show(event_at(4 * DAY + 1, "three")) == "00:00:01 <ann> three\n"


def test_a_gap_says_of_which_channel_it_is_and_that_safely(screen):
    targets = [*ONE, Target("net", "#d", "/nowhere/net/#d")]
    events = [event_at(3 * DAY, "hi")]
    shown = screen(targets)(
        *events, gaps=[placed(0, gap(GapState.UNFILLABLE, why="\x1b[2J"), "#\x07")]
    )
    assert shown.splitlines()[0] == (
        r"--- net/#\x07: gap 00:00:10–01:00:10, recorder died; not recoverable: \x1b[2J"
    )


def test_between_events_that_do_not_follow_one_another_there_is_a_mark():
    assert Screen(ONE, UTC, Painter("never")).between() == b"--\n"


def test_what_several_texts_find_is_put_together():
    assert find_in([]) is None
    find = find_in([literal("a").spans, literal("bc").spans])
    assert sorted(find("abca")) == [(0, 1), (1, 3), (3, 4)]


def test_the_first_thing_comes_alone_and_the_rest_in_ever_larger_pieces():
    assert [len(each) for each in batched(iter(range(10)))] == [1, 2, 4, 3]
    assert max(len(each) for each in batched(iter(range(5000)))) == 500


def test_things_are_put_together_up_to_their_size():
    sizes = [len(each) for each in batched(iter(range(9)), lambda _: 600_000)]
    assert sizes == [1, 2, 2, 2, 2]


# -- messages of several lines, and netsplits -----------------------------------------


def test_the_lines_of_a_message_stand_under_each_other(screen):
    shown = screen(headings=True)(event_at(0, "first\n*** bob quit\n\nlast"), event_at(1, "next"))
    assert shown.splitlines()[1:] == [
        "00:00:00 <ann> first",
        "               *** bob quit",
        "               ",
        "               last",
        "00:00:01 <ann> next",
    ]


def netsplit(people, kind="quit"):
    split = "hub.example leaf.example"
    return [event_at(0, split, type=kind, nick=f"p{n}", split=split) for n in range(people)]


@pytest.mark.parametrize(
    ("people", "columns", "line"),
    [
        (1, 80, "*** p0 quit (hub.example leaf.example)"),
        (2, 80, "*** netsplit hub.example leaf.example: 2 left (p0, p1)"),
        (5, 200, "*** netsplit hub.example leaf.example: 5 left (p0, p1, p2, p3, p4)"),
        (
            43,
            200,
            "*** netsplit hub.example leaf.example: 43 left (p0, p1, p2, … and 40 more)",
        ),
        (
            7,
            0,
            "*** netsplit hub.example leaf.example: 7 left (p0, p1, p2, p3, p4, p5, p6)",
        ),
    ],
)
def test_a_netsplit_is_one_line(screen, monkeypatch, people, columns, line):
    monkeypatch.setattr("chatlog.cli.show.screen.terminal_columns", lambda: columns)
    assert screen(headings=True)(*netsplit(people)).splitlines()[1:] == [f"00:00:00 {line}"]


def test_who_comes_back_from_a_netsplit_is_one_line(screen):
    assert screen(headings=True)(*netsplit(2, "join")).splitlines()[1:] == [
        "00:00:00 *** netsplit hub.example leaf.example: 2 came back (p0, p1)",
    ]


def test_what_is_done_to_a_message_on_the_screen_names_its_author(screen):
    said = event_at(0, "hi", nick="bob", msgid="m1")
    done = event_at(1, "spam", type="redact", reply_to="m1")
    show = screen(headings=True)
    assert show(said, done).endswith("*** ann removed a message of bob: spam\n")
    assert show(event_at(2, "👍", type="react", reply_to="m0")).endswith("*** ann reacted 👍\n")
