"""`chatlog gaps` as people and scripts type it."""

from __future__ import annotations

import json

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    UnfillableEntry,
    UnwantedEntry,
)
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record


def at(seconds):
    return format_time(START + seconds * 1000)


def opened(seconds, **fields):
    return OpenedEntry(at=at(seconds), server=at(seconds), **fields)


def closed(seconds, cause, **fields):
    return ClosedEntry(at=at(seconds), server=at(seconds), cause=cause, **fields)


def covered(since, until, lines, kinds="all"):
    return CoveredEntry(
        at=at(until), since=at(since), until=at(until), via="chathistory", kinds=kinds,
        lines=lines,
    )  # fmt: skip


UNWANTED = UnwantedEntry(at=at(7200), server=at(7200))
STORY = [
    opened(0), closed(600, "ping-timeout"),
    opened(1200), closed(2400, "stopped", planned=True),
    opened(3000), closed(3600, "killed"),
    opened(4800), closed(7200, "unwanted"), UNWANTED,
]  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "archive"
    record(root, event_at(0, "one"))
    return root


@pytest.fixture
def tell(archive):
    def tell(*entries, target="#c"):
        ledger.append(UNSYNCED, archive / "net" / target, entries)

    return tell


@pytest.fixture
def gaps(chatlog, archive):
    def run(*arguments):
        return chatlog.run("gaps", "--archive", archive, "--tz", "UTC", *arguments)

    return run


def rows(done):
    return [line.split(maxsplit=6) for line in done.stdout.splitlines() if line.startswith("  ")]


def test_each_gap_has_its_bounds_its_length_its_state_and_its_cause(gaps, tell):
    lost = UnfillableEntry(
        at=at(4800), since=at(3600), until=at(4800), why="the server has forgotten"
    )
    tell(*STORY, covered(600, 1200, 42), lost)
    done = gaps()
    assert rows(done) == [
        ["2026-11-23", "00:10:00", "2026-11-23", "00:20:00", "10", "min",
         "filled      connection timed out; 42 lines recovered by chathistory"],
        ["2026-11-23", "00:40:00", "2026-11-23", "00:50:00", "10", "min",
         "planned     recorder stopped"],
        ["2026-11-23", "01:00:00", "2026-11-23", "01:20:00", "20", "min",
         "unfillable  recorder died; the server has forgotten"],
    ]  # fmt: skip
    assert done.stdout.splitlines()[0] == "net/#c  75.00 % of 2 h since 2026-11-23 00:00:00"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bar_shows_where_it_was_not_heard(gaps, tell):
    tell(*STORY, covered(600, 1200, 42))
    bar = gaps().stdout.splitlines()[1]
    assert len(bar) == 60
    assert bar == "█████▓▓▓▓▓██████████·····█████░░░░░░░░░░████████████████████"


def test_open_gaps_end_with_1_and_strict_asks_for_more(gaps, tell):
    tell(*STORY)
    done = gaps()
    assert done.returncode == 1
    assert "2 open gaps, 30 min in all" in done.stderr
    tell(covered(600, 1200, 0), covered(3600, 4800, 0))
    assert gaps().returncode == 0
    assert gaps("--strict").returncode == 1
    tell(covered(2400, 3000, 0))
    assert gaps("--strict").returncode == 0


def test_the_range_and_the_least_length_choose(gaps, tell):
    tell(*STORY)
    assert len(rows(gaps("--since", "2026-11-23 00:30"))) == 2
    assert len(rows(gaps("--until", "2026-11-23T00:30:00Z"))) == 1
    assert len(rows(gaps("--min", "15m"))) == 1
    assert gaps("--until", "2026-11-23 00:05").returncode == 0


def test_a_gap_is_cut_at_the_range(gaps, tell):
    tell(*STORY)
    [gap] = [
        json.loads(line)
        for line in gaps("--json", "--since", "2026-11-23 01:10").stdout.splitlines()
        if '"gap"' in line
    ]
    assert (gap["since"], gap["until"], gap["seconds"]) == (at(4200), at(4800), 600)


def test_json_has_an_object_for_each_gap_and_one_for_each_target(gaps, tell):
    tell(*STORY, covered(600, 1200, 42, kinds="messages"))
    lines = [json.loads(line) for line in gaps("--json").stdout.splitlines()]
    assert lines[0] == {
        "type": "gap", "network": "net", "target": "#c", "since": at(600), "until": at(1200),
        "seconds": 600.0, "state": "filled", "cause": "ping-timeout", "why": None,
        "via": "chathistory", "kinds": "messages", "fetched": 42,
    }  # fmt: skip
    assert lines[-1] == {
        "type": "coverage", "network": "net", "target": "#c", "since": at(0), "until": at(7200),
        "share": 0.75, "classes": ["talk", "presence", "topic", "moderation", "server"],
        "open": 1, "unfillable": 0, "planned": 1, "filled": 1, "damaged": 0,
    }  # fmt: skip


def test_targets_are_chosen_by_name(gaps, tell):
    tell(*STORY)
    tell(opened(0), closed(10, "unwanted"), UNWANTED, target="#other")
    assert gaps("other").stdout.startswith("net/#other  100 %")
    assert gaps().returncode == 1
    assert gaps("other").returncode == 0


def test_what_was_heard_all_the_time_is_silent_with_quiet(gaps, tell):
    tell(opened(0), closed(10, "unwanted"), UNWANTED)
    done = gaps("--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_run_that_died_is_known_to_have_heard_its_last_line(gaps, tell, archive):
    tell(opened(0, run="2026-11-23T000000.000Z-1"))
    record(archive, event_at(90, "the last", received=at(90)))
    first, *_ = [json.loads(line) for line in gaps("--json").stdout.splitlines()]
    assert (first["since"], first["cause"], first["state"]) == (at(90), "killed", "open")


def test_a_line_of_the_ledger_that_makes_no_sense_is_told_and_costs_no_neighbour(
    gaps, tell, archive
):
    tell(*STORY)
    with (archive / "net" / "#c" / "LEDGER").open("ab") as file:
        file.write(b"nonsense\n")
    done = gaps()
    assert len(rows(done)) == 3
    assert done.stderr.startswith("chatlog: 1 line of ")


def gaps_of(done):
    """Return the gaps that `--json` gave, as objects."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if line["type"] == "gap"]


# -- each fetched line counts once -------------------------------------------------------

HOUR = 3600
TWO_CONNECTIONS = [
    opened(0), closed(2 * HOUR, "ping-timeout"), opened(5 * HOUR),
    covered(2 * HOUR, 3 * HOUR, 10), covered(3 * HOUR, 5 * HOUR, 15),
    closed(6 * HOUR, "unwanted"), UnwantedEntry(at=at(6 * HOUR)),
]  # fmt: skip


def test_a_gap_that_was_fetched_over_two_connections_has_the_lines_of_both(gaps, tell):
    tell(*TWO_CONNECTIONS)
    [row] = rows(gaps())
    assert row[-1] == "filled  connection timed out; 25 lines recovered by chathistory"


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ((), [25]),
        (("--since", "2026-11-23 02:30"), [25]),
        (("--since", "2026-11-23 03:00"), [15]),
        (("--until", "2026-11-23 03:00"), [10]),
        (("--since", "2026-11-23 05:00"), []),
    ],
)
def test_the_lines_of_a_gap_are_those_of_the_fetches_that_reach_into_it(gaps, tell, options, lines):
    tell(*TWO_CONNECTIONS)
    assert [gap["fetched"] for gap in gaps_of(gaps("--json", *options))] == lines


# -- damage claims less -------------------------------------------------------------------


@pytest.fixture
def write(archive):
    """Write lines to the ledger as they stand."""

    def write(*lines, target="#c"):
        path = archive / "net" / target / "LEDGER"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


OPENED = f'{{"entry":"opened","at":"{at(0)}"}}'
CLOSED = f'{{"entry":"closed","at":"{at(600)}","cause":"stopped"}}'
NO_LONGER = f'{{"entry":"unwanted","at":"{at(600)}"}}'


@pytest.mark.parametrize(
    "time", ["zzz", "", "0000-11-23T00:10:00.000Z", "2026-02-31T00:10:00.000Z"]
)
def test_a_closed_with_an_impossible_time_leaves_no_stretch_that_was_heard(gaps, write, time):
    path = write(OPENED, CLOSED.replace(at(600), time), NO_LONGER)
    done = gaps()
    assert done.returncode == 1
    assert "0.00 % of 10 min" in done.stdout
    assert rows(done) == [
        ["2026-11-23", "00:00:00", "2026-11-23", "00:10:00", "10", "min", "open  ledger damaged"]
    ]
    told, verdict = done.stderr.splitlines()
    assert told == f"chatlog: 1 line of {path} could not be read"
    assert "1 open gap" in verdict
    assert "1 line of the ledger is damaged" in verdict


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("damage", ["nonsense", '{"entry":"reported","at":7}', "[]"])
def test_a_ledger_with_damage_anywhere_is_never_whole_and_never_ends_with_0(
    gaps, write, place, damage
):
    lines = [OPENED, CLOSED, NO_LONGER]
    lines.insert(place, damage)
    write(*lines)
    done = gaps("--quiet")
    assert done.returncode == 1
    assert "100 %" not in done.stdout
    assert "1 line of the ledger is damaged" in done.stderr
    assert json.loads(gaps("--json").stdout.splitlines()[-1])["damaged"] == 1


def test_a_ledger_of_damage_alone_ends_with_1_beside_one_that_is_whole(gaps, tell, write, archive):
    tell(opened(0), closed(10, "unwanted"), UNWANTED)
    (archive / "net" / "#other").mkdir()
    write("nonsense", target="#other")
    done = gaps()
    assert done.returncode == 1
    assert done.stdout.startswith("net/#c  100 %")
    assert "1 line of the ledger is damaged" in done.stderr


def test_entries_of_a_later_version_claim_nothing_and_are_no_reason_to_complain(gaps, write):
    later = '{"entry":"hologram","at":"zzz","more":[1]}'
    write(later, OPENED, later, CLOSED, later, NO_LONGER, later)
    done = gaps()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("net/#c  100 % of 10 min")


# -- a run file that is damaged ------------------------------------------------------------

RUN = "2026-11-23T000000.000Z-1"


def leave(archive, **fields):
    """Leave the status of a run that died without a word."""
    network = {"name": "net", "state": "", "connected": True, "heard": at(600)} | fields
    status = {
        "pid": 1, "version": "1", "root": "", "started": at(0), "updated": at(700),
        "networks": [network],
    }  # fmt: skip
    path = archive / ".runs" / f"{RUN}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(status))
    return path


def test_a_run_that_died_was_heard_until_its_last_heartbeat(gaps, tell, archive):
    leave(archive)
    tell(opened(0, run=RUN))
    done = gaps("--json")
    assert [(gap["since"], gap["state"]) for gap in gaps_of(done)] == [(at(600), "open")]
    assert "is damaged" not in done.stderr


@pytest.mark.parametrize(
    "fields",
    [
        {"heard": "garbage"},
        {"heard": "9999-99-99T00:00:00.000Z"},
        {"heard": 5},
        {"offset": 10**17},
        {"since": "garbage"},
        {"offset": "much"},
    ],
)
@pytest.mark.parametrize(("last", "known"), [(90, 90), (None, 1)])
def test_a_damaged_run_file_proves_nothing_and_is_told_in_one_line(
    gaps, tell, archive, fields, last, known
):
    path = leave(archive, **fields)
    tell(opened(1, run=RUN))
    if last is not None:
        record(archive, event_at(last, "the last", received=at(last)))
    done = gaps("--json")
    assert [(gap["since"], gap["state"]) for gap in gaps_of(done)] == [(at(known), "open")]
    assert done.returncode == 1
    told = f"chatlog: {path} is damaged; remove it when no recorder runs"
    assert done.stderr.splitlines()[0] == told
    assert done.stderr.count("is damaged") == 1


def test_a_run_cannot_have_heard_after_it_told_so(gaps, tell, archive):
    leave(archive, heard=at(100_000))
    tell(opened(0, run=RUN))
    assert [gap["since"] for gap in gaps_of(gaps("--json"))] == [at(0)]


@pytest.mark.parametrize("when", ["soon", "2026-13-01", "-2x", "25:00"])
def test_what_is_no_moment_is_a_usage_error(gaps, when):
    done = gaps("--since", when)
    assert done.returncode == 2
    assert "is no moment; say 2026-11-23" in done.stderr


def test_where_nothing_was_ever_heard_it_says_where_it_looked(gaps, archive):
    done = gaps("nowhere")
    assert done.returncode == 1
    assert str(archive) in done.stderr


@pytest.mark.parametrize("content", [None, "", "nonsense\n"])
def test_transcripts_without_a_ledger_are_named_and_never_pass_for_nothing(gaps, archive, content):
    record(archive, event_at(1, "unheard", target="#d"), event_at(2, "private", target="ann"))
    for channel in ("#c", "#d"):
        if content is not None:
            (archive / "net" / channel / "LEDGER").write_text(content)
    done = gaps()
    assert (done.returncode, done.stdout) == (1, "")
    assert "net/#c, net/#d have transcripts and no ledger" in done.stderr
    assert "ann" not in done.stderr
    assert gaps("d", "--quiet").returncode == 1
    [coverage] = [json.loads(line) for line in gaps("d", "--json").stdout.splitlines()]
    known = {key: value for key, value in coverage.items() if value is not None}
    assert known == {"type": "coverage", "network": "net", "target": "#d"}
    assert "share" in coverage


def test_a_channel_is_shown_with_the_classes_that_were_recorded_all_the_time(gaps, tell):
    tell(opened(0, kinds="talk topic"), closed(600, "stopped"))
    tell(opened(600, kinds="talk presence"), covered(600, 1200, 2, "talk"), closed(1800, "stopped"))
    assert gaps("--until", "2026-11-23T00:10:00Z").stdout.splitlines()[0] == (
        "net/#c  100 % of 10 min since 2026-11-23 00:00:00, talk topic alone"
    )
    summary = json.loads(gaps("--json").stdout.splitlines()[-1])
    assert summary["classes"] == ["talk"]
