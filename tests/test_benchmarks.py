"""The benchmarks run: each of the quick ones at its smallest, with the recorder alone."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil

import pytest

from tests import bench
from tests.bench import __main__ as command
from tests.bench import exporting, shards
from tests.bench.archive import Size, channels, irssi_log, made

MODULES = [each.name for each in pkgutil.iter_modules(bench.__path__) if not each.ispkg]
SMALL = ["--rounds", "1", "--lines", "60"]
PACED = ["paced", *SMALL, "--rate", "300", "--channels", "1", "--only", "chatlog", "--json"]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_of_the_benchmarks_can_be_imported(name):
    importlib.import_module(f"tests.bench.{name}")


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_the_recorder_loses_nothing_at_a_pace(capsys, kind):
    if kind == "tls" and shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    assert command.main([*PACED, "--kinds", kind]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["logger"], row["kind"], row["lost"]) == ("chatlog", kind, 0)


def test_the_recorder_loses_nothing_on_a_small_machine(capsys):
    assert command.main(["small", *SMALL, "--rate", "60", "--flood", "200"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    header, _rule, *figures = [[cell.strip() for cell in row[1:-1]] for row in rows]
    assert [row[0] for row in figures] == ["this one", "one core, 512 MB, 50 ms a sync"] * 2
    assert [row[header.index("lost")] for row in figures] == ["0"] * 4


def test_a_merge_of_three_made_up_archives_is_measured(capsys, tmp_path):
    options = ["--lines", "900", "--rounds", "1", "--archive", str(tmp_path)]
    assert command.main(["merging", *options]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row[1].strip() for row in rows[2:]] == ["into a new one", "once more"]


def test_a_simulation_of_shards_exceeds_no_limit_and_replicas_miss_nothing_in_a_restart():
    setting = shards.Setting(channels=240, shards=4, replicas=2, accounts=False)
    alone = setting._replace(replicas=1)
    started, alone_started = shards.start_all(setting), shards.start_all(alone)
    assert started.dropped == alone_started.dropped == 0
    # 60 channels a shard on average at 5 in 10.2 s, and no shard has twice as many.
    assert 120 < alone_started.heard < 240
    assert started.heard < 1.2 * alone_started.heard, "replicas join their own channels first"
    assert shards.restart_each(setting).missed == 0
    assert shards.restart_each(alone).missed > 0
    own = shards.start_all(alone._replace(accounts=True))
    assert own.heard < alone_started.heard / 3


def test_the_simulation_prints_each_scenario(capsys):
    assert command.main(["shards", "--channels", "60", "--shards", "2"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row[1].strip() for row in rows[2::4]] == [*shards.SCENARIOS]


@pytest.mark.server
def test_an_archive_that_is_shipped_and_collected_and_its_recorder_are_measured(capsys, tmp_path):
    options = ["--lines", "300", "--rounds", "1", "--archive", str(tmp_path)]
    assert command.main(["bus", *options]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    names = [row[1].strip() for row in rows]
    assert names[2:6] == ["ship", "collect", "ship a replica", "collect the replica"]
    assert names[8::2] == ["in a flood", "10,000 a second"]


@pytest.mark.server
def test_shards_with_replicas_are_measured_while_they_are_killed(capsys):
    options = ["--channels", "4", "--shards", "2", "--rate", "20", "--seconds", "1"]
    assert command.main(["replicas", *options]) == 0
    printed = capsys.readouterr().out
    rows = [line.split("|") for line in printed.splitlines() if "|" in line]
    assert [row[1].strip() for row in rows[2:]] == ["collector", "recorder 1", "recorder 2"]
    assert "each once, in order" in printed


def test_an_export_to_each_format_is_measured(capsys, tmp_path):
    options = ["--events", "300", "--rounds", "1", "--archive", str(tmp_path)]
    assert command.main(["exporting", "--only", "formats", *options]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row[1].strip() for row in rows[2:]] == ["copy", *exporting.FORMATS]


def test_a_site_is_measured_beside_irclog2html(capsys, tmp_path):
    if shutil.which("irclog2html") is None:
        pytest.skip("no irclog2html to compare with")
    options = ["--events", "300", "--rounds", "1", "--archive", str(tmp_path)]
    assert command.main(["exporting", "--only", "site", *options]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    names = ["site", "again, a day touched", "irclog2html"]
    assert [row[1].strip() for row in rows[2:]] == names


def test_an_import_of_made_up_logs_is_measured_beside_irclog2html(capsys, tmp_path):
    if shutil.which("irclog2html") is None:
        pytest.skip("no irclog2html to compare with")
    options = ["--lines", "200", "--files", "10", "--rounds", "1", "--archive", str(tmp_path)]
    assert command.main(["importing", *options]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert [row[1].strip() for row in rows[2:]] == [
        "one file of irssi, into a new archive",
        "one file of irssi, into one that has half",
        "irssi, into a new archive",
        "irssi, into one that has half",
        "irssi, once more",
        "small files of ZNC",
        "small files of ZNC, once more",
        "irclog2html, one file of irssi",
        "irclog2html, irssi",
        "irclog2html, ZNC",
    ]


def test_a_channel_of_the_made_up_archive_is_written_as_irssi_logs_it(tmp_path):
    size = Size(events=300, channels=3, years=0.01)
    root = made(tmp_path, size)
    [channel] = channels(size, "none")
    lines = irssi_log(root, channel).read_text().splitlines()
    assert lines[0].startswith("--- Day changed Mon Nov 20 2023")
    assert any(" < nick" in line for line in lines)
    assert any(line.endswith(f"has joined {channel}") for line in lines)
