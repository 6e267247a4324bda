"""`chatlog import`: other programs' logs, each line once and every line accounted for."""

import gzip
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from chatlog import cli
from chatlog.archive import version
from chatlog.formats import jsonl
from tests.support.archive import event_at, record
from tests.support.process import holding
from tests.support.tending import HOLDER, IMPORTER

LOG = b"""\
--- Log opened Mon Nov 23 19:30:42 2026
19:30 -!- ann [~ann@home.example] has joined #python
19:31 <@ann> hello
19:31 <@ann> hello
19:32  * bob waves
--- Log closed Mon Nov 23 19:40:00 2026
"""


@pytest.fixture
def logs(tmp_path):
    """A tree of logs as irssi leaves it, with one channel."""
    return written(tmp_path / "irclogs", "libera/#python.log", LOG).parents[1]


def written(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def run(tmp_path, capfd):
    def run(*arguments, command="import"):
        status = cli.run([command, *map(str, arguments), "--archive", str(tmp_path / "archive")])
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


def events(tmp_path, target="#python", network="libera"):
    """Return the events of a target in the order in which they stand."""
    directory = tmp_path / "archive" / network / target
    paths = sorted(directory.glob("*.jsonl"))
    return [event for path in paths for event in jsonl.decode_lines(path.read_bytes())]


def texts(tmp_path, target="#python"):
    return [each.text for each in events(tmp_path, target)]


def test_a_tree_of_logs_becomes_an_archive(run, logs, tmp_path):
    status, out, _ = run(logs)
    assert status == 0
    assert "libera/#python  4 lines added" in out
    assert "6 lines: 6 understood, 0 remarks, 0 ambiguous, 0 not understood" in out
    assert texts(tmp_path) == ["", "hello", "hello", "waves"]
    assert {each.via for each in events(tmp_path)} == {"import:irssi"}
    assert {each.witness for each in events(tmp_path)} == {""}
    assert all(each.received > each.time for each in events(tmp_path))


def test_an_import_done_again_adds_nothing(run, logs, tmp_path):
    run(logs)
    before = {path: path.read_bytes() for path in tmp_path.glob("archive/libera/**/*.*")}
    status, out, _ = run(logs)
    assert status == 0
    assert "0 lines added, 4 known already" in out
    assert {path: path.read_bytes() for path in tmp_path.glob("archive/libera/**/*.*")} == before


def test_a_channel_that_a_recorder_holds_is_imported_beside_it(run, logs, tmp_path):
    holder = HOLDER.replace('"net", "#c"', '"libera", "#python"')
    with (logs / "libera" / "#python.log").open("a") as file:
        form = "--- Log opened %a %b %d %H:%M:%S %Y\n%H:%M < bob> new\n"
        file.write(time.strftime(form, time.gmtime()))
    (tmp_path / "archive").mkdir()
    with holding(holder, tmp_path / "archive"):
        status, out, _ = run(logs)
    assert status == 0
    assert "4 lines added, 1 of the last minute left to the next import" in out
    assert texts(tmp_path) == ["", "hello", "hello", "waves"]
    assert "1 line added, 4 known already" in run(logs)[1]


def test_a_channel_into_which_another_import_writes_is_left_out_with_status_5(run, logs, tmp_path):
    importer = IMPORTER.replace('"net", "#c"', '"libera", "#python"')
    (tmp_path / "archive").mkdir()
    with holding(importer, tmp_path / "archive"):
        status, out, _ = run(logs)
    assert status == 5
    assert "libera/#python  not imported: another import or merge writes to" in out


def test_two_witnesses_of_a_channel_give_each_line_once_and_true_repeats_stay(run, logs, tmp_path):
    other = LOG.replace(b"<@ann> hello\n", b"<@ann> hello\n", 1).replace(
        b"19:32  * bob waves\n", b"19:32  * bob waves\n19:33 <bob> only here\n"
    )
    written(tmp_path / "other" / "irclogs", "libera/#python.log", other)
    run(logs, tmp_path / "other")
    assert texts(tmp_path) == ["", "hello", "hello", "waves", "only here"]


def test_stamps_are_of_the_time_zone_that_is_named(run, logs, tmp_path):
    run(logs, "--tz", "Europe/Berlin")
    assert events(tmp_path)[0].time == "2026-11-23T18:30:00.000Z"


def test_an_import_in_the_wrong_zone_is_refused_and_told_by_how_much(run, tmp_path):
    lines = b"".join(b"19:%02d <ann> line %d\n" % (minute, minute) for minute in range(40))
    log = b"--- Log opened Mon Nov 23 19:00:00 2026\n" + lines
    root = written(tmp_path / "irclogs", "libera/#python.log", log).parents[1]
    run(root, "--tz", "Europe/Berlin")
    status, out, err = run(root)
    assert status == 3
    assert "1:00 hours later" in out
    assert "could not be imported" in err
    assert len(texts(tmp_path)) == 40


def test_a_dry_run_writes_nothing(run, logs, tmp_path):
    status, out, _ = run(logs, "--dry-run")
    assert status == 0
    assert "4 lines would be added" in out
    assert not (tmp_path / "archive").exists()


def test_lines_that_are_not_understood_are_printed_with_their_places(run, logs):
    path = written(logs, "libera/#ada.log", LOG * 3 + b"what is this\n\x1b[2J\n")
    status, out, err = run(logs)
    assert status == 1
    assert f"{path}:19: no time stamp: what is this" in out
    assert r"\x1b[2J" in out
    assert "2 lines not wholly understood" in err


def test_a_file_that_is_no_log_is_named_and_the_others_are_imported(run, logs, tmp_path):
    written(logs, "README", b"These are logs.\n")
    status, out, err = run(logs)
    assert status == 1
    assert "README: not a log that is known; name its dialect with --dialect" in out
    assert "1 file not wholly understood" in err
    assert len(texts(tmp_path)) == 4


def test_events_of_which_the_log_tells_no_channel_are_in_server(run, tmp_path):
    written(tmp_path / "irc", "libera/#a/out", b"1795462263 <ann> hello\n")
    lines = b'1795462264 -!- ann(~a@home) has quit "bye"\n1795462265 greetings\n'
    written(tmp_path / "irc", "libera/out", lines)
    for added in ("1 line added", "0 lines added, 1 known already"):
        status, out, _ = run(tmp_path / "irc")
        assert status == 0
        assert f"libera/@server  {added}" in out
    [event] = events(tmp_path, "@server")
    assert (event.type, event.nick, event.text) == ("quit", "ann", "bye")


def test_the_window_of_a_server_under_another_name_is_no_query(run, tmp_path):
    lines = (
        b"**** BEGIN LOGGING AT Mon Nov 23 19:31:00 2026\n\n"
        b"Nov 23 19:31:03 *\tCASEMAPPING=ascii MODES=4 :are supported by this server\n"
        b"Nov 23 19:31:03 *\tWelcome to the network\n"
    )
    written(tmp_path / "logs", "Libera/liberachat.log", lines)
    status, out, _ = run(tmp_path / "logs")
    assert status == 0
    assert "4 lines: 1 understood, 3 remarks, 0 ambiguous, 0 not understood" in out
    assert [*(tmp_path / "archive").glob("*/*/*.jsonl")] == []


def test_a_log_of_remarks_alone_is_taken_for_its_dialect_by_its_path(run, tmp_path):
    line = b"[19:30:42] Connected to IRC (irc.example +6697)\n"
    written(tmp_path / "users/ann/moddata/log", "libera/status/2026-11-23.log", line)
    status, out, _ = run(tmp_path / "users")
    assert status == 0
    assert "1 line: 0 understood, 1 remark, 0 ambiguous, 0 not understood" in out
    path = written(tmp_path / "elsewhere", "a.log", line)
    status, out, _ = run(path)
    assert status == 1
    assert f"{path}: its dialect is not sure" in out


def test_a_link_or_a_pipe_among_logs_is_passed_over_by_name(run, logs):
    (logs / "link").symlink_to("/")
    os.mkfifo(logs / "pipe")
    status, out, _ = run(logs)
    assert status == 0
    assert f"passed over {logs}/link: a link, not a regular file" in out
    assert f"passed over {logs}/pipe: a pipe, not a regular file" in out


def test_an_archive_among_logs_is_passed_over_with_the_advice_to_merge_it(run, logs):
    record(logs / "mine", event_at(0, "hello", network="libera", target="#python"))
    (logs / "mine" / version.NAME).write_bytes(version.CONTENT)
    (logs / ".exports").mkdir()
    (logs / ".exports/1.json").write_text("{}")
    (logs / ".importing-x").mkdir()
    (logs / ".importing-x/2026-11-23.jsonl").write_bytes(jsonl.encode([event_at(0, "staged")]))
    for _ in range(2):
        status, out, _ = run(logs)
        assert status == 0
        assert (
            f"passed over {logs}/mine: an archive of chatlog;"
            " take its lines over with `chatlog merge`" in out
        )
        assert f"passed over {logs}/.exports: chatlog's memory of its exports" in out
        assert f"passed over {logs}/.importing-x: the stage of an import" in out
    assert "0 lines added" in out


def test_a_file_that_is_named_as_the_version_of_an_archive_makes_no_archive(run, logs):
    (logs / "FORMAT").write_text("dd/mm/yyyy\n")
    status, out, _ = run(logs)
    assert "passed over" not in out
    assert "4 lines added" in out
    assert status == 1  # a file that is no log


def test_compression_is_told_by_its_first_bytes_and_not_by_a_suffix(run, tmp_path):
    import bz2
    import lzma

    for number, pack in enumerate((gzip.compress, bz2.compress, lzma.compress)):
        written(tmp_path / "irclogs", f"libera/#c{number}.log", pack(LOG))
    assert run(tmp_path / "irclogs")[0] == 0
    assert [len(texts(tmp_path, f"#c{number}")) for number in range(3)] == [4, 4, 4]


def test_a_cut_compressed_log_is_imported_as_far_as_it_can_be_read(run, tmp_path):
    lines = b"".join(b"19:31 <ann> line %d\n" % number for number in range(5000))
    packed = gzip.compress(LOG + lines)
    path = written(tmp_path / "irclogs", "libera/#python.log", packed[: len(packed) // 2])
    status, out, _ = run(tmp_path / "irclogs")
    assert status == 1
    assert f"{path}: it ends too early; imported as far as it can be read" in out
    assert len(texts(tmp_path)) > 1000


def test_a_log_without_a_network_or_a_channel_asks_for_them(run, tmp_path):
    path = written(tmp_path, "a.log", LOG)
    assert "its network is not known; name it with --network" in run(path)[1]
    assert run(path, "--network", "libera")[0] == 0
    assert len(texts(tmp_path)) == 4  # the channel is in its lines


def test_options_fill_what_neither_lines_nor_path_tell_and_change_nothing_else(run, tmp_path):
    log = b"19:31 <ann> hello\n"
    told = "libera/#python.20261123.log"
    written(tmp_path, f"logs/{told}", log)
    written(tmp_path, "logs/untold.log", log)
    options = ("--network", "oftc", "--channel", "#c", "--date", "2026-11-01", "--dialect", "irssi")
    patterns = ("--path-pattern", "{network}/{channel}.{date}.log")
    assert run(tmp_path / "logs", *options, *patterns)[0] == 0
    assert [each.time[:10] for each in events(tmp_path, "#python", "libera")] == ["2026-11-23"]
    assert [each.time[:10] for each in events(tmp_path, "#c", "oftc")] == ["2026-11-01"]


def test_a_path_pattern_tells_network_channel_and_date(run, tmp_path):
    log = b"19:31 <ann> hello\n"
    path = written(tmp_path, "logs/net=libera/python_20261123.log", log)
    pattern = "net={network}/{hashless}_{date}.log"
    assert run(path, "--path-pattern", pattern)[0] == 0
    [event] = events(tmp_path)
    assert event.time == "2026-11-23T19:31:00.000Z"


def test_lines_are_known_whether_a_relay_was_named_or_not(run, logs, tmp_path):
    log = LOG.replace(b"<@ann> hello\n", b"<bot> [matrix] <ada> hello\n")
    (logs / "libera/#python.log").write_bytes(log)
    assert "4 lines added" in run(logs, "--relay", "bot")[1]
    assert "0 lines added" in run(logs)[1]
    found = [(each.relayed_nick, each.relayed_platform) for each in events(tmp_path)]
    assert found == [("", ""), ("ada", "matrix"), ("ada", "matrix"), ("", "")]


def test_a_network_that_was_renamed_goes_under_its_name_in_the_archive(run, tmp_path):
    written(tmp_path / "irclogs", "freenode/#python.log", LOG)
    assert run(tmp_path / "irclogs", "--into-network", "libera")[0] == 0
    assert len(texts(tmp_path)) == 4
    assert {each.network for each in events(tmp_path)} == {"libera"}


def test_coverage_is_claimed_only_where_the_log_proves_it(run, logs):
    run(logs)
    status, out, _ = run("--json", command="gaps")
    assert status == 0
    record = json.loads(out.splitlines()[-1])
    assert (record["since"], record["until"]) == (
        "2026-11-23T19:30:42.000Z",
        "2026-11-23T19:40:00.000Z",
    )


def test_a_database_is_imported_once_with_all_its_networks_and_what_is_of_no_channel(run, tmp_path):
    script = Path(__file__).parents[2] / "golden/dialects/quassel/core/quassel-storage.sql"
    path = tmp_path / "quassel-storage.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script.read_text())
        database.commit()
    status, out, err = run(path)
    assert status == 1
    assert "the words of a topic are in another language" in out + err
    assert "21 lines: 17 understood, 3 remarks, 0 ambiguous, 1 not understood" in out
    of_server = events(tmp_path, "@server", "yard-net")
    assert [each.type for each in of_server] == ["mode", "notice"]
    assert len(events(tmp_path, "#decks", "yard-net")) == 14
    assert [each.text for each in events(tmp_path, "#decks", "yard-net-ben")] == [
        "the other witness"
    ]
    assert "lines added" not in run(path)[1].replace("0 lines added", "")


def test_the_key_of_a_channel_is_hidden(run, logs, tmp_path):
    path = logs / "libera" / "#python.log"
    path.write_bytes(LOG + b"19:33 -!- mode/#python [+k secret] by ann\n")
    run(logs)
    assert events(tmp_path)[-1].params == ("*",)


def test_json_has_a_record_for_each_file_and_each_target(run, logs):
    (logs / "link").symlink_to("/")
    status, out, _ = run(logs, "--json")
    assert status == 0
    log, passed, target = map(json.loads, out.splitlines())
    assert (log["type"], log["dialect"], log["read"], log["given"]) == ("log", "irssi", 6, 4)
    assert passed["type"] == "passed-over"
    assert (target["type"], target["added"]) == ("merge", 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--path-pattern", "{nope}"), "{nope} is no token of a path pattern"),
        (("--encoding", "nope"), "no encoding is called 'nope'"),
        (("--relay", "a b"), "'a b' is no mask; say nick!user@host"),
        (("--relay", "caf\udce9"), "--relay: 'caf\\udce9' is no UTF-8"),
        (("--date", "monday"), "'monday' is no date such as 2026-11-23"),
        (("--tz", "Mars/North"), "Mars/North"),
        (("--dialect", "nope"), "nope"),
        (("--channel", "#caf\udce9"), "--channel: '#caf\\udce9' is no UTF-8"),
        (("--into-network", "\udcff"), "--into-network: '\\udcff' is no UTF-8"),
    ],
)
def test_an_impossible_option_is_one_clear_error(run, logs, arguments, words):
    status, out, err = run(logs, *arguments)
    assert (status, out) == (2, "")
    assert words in err


def test_a_path_that_is_not_there_is_one_clear_error(run, tmp_path):
    status, _, err = run(tmp_path / "nowhere")
    assert status == 3
    assert "nowhere: No such file or directory; name a file, or a directory, that is there" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("encoding", "channel"), [("", "#café"), ("cp866", "#cafщ")])
def test_names_of_files_are_read_in_the_encoding_of_their_lines(run, tmp_path, encoding, channel):
    directory = tmp_path / "irclogs" / "réseau"
    directory.mkdir(parents=True)
    with open(os.fsencode(directory) + b"/#caf\xe9.log", "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(LOG.replace(b"#python", b"x"))
    assert run(tmp_path / "irclogs", *(("--encoding", encoding) if encoding else ()))[0] == 0
    [path] = (tmp_path / "archive").rglob("*.jsonl")
    found = {(each.network, each.target) for each in jsonl.decode_lines(path.read_bytes())}
    assert found == {("réseau", channel)}
    assert run(command="verify")[0] == 0


def test_events_of_the_future_are_left_out_and_told_by_the_status(run, logs):
    path = logs / "libera" / "#python.log"
    path.write_bytes(LOG.replace(b" 2026", b" 2999"))
    status, out, err = run(logs)
    assert status == 1
    assert "events of the future, which are left out: 4" in out
    assert "4 events of the future left out; check --date, --tz and the clock" in err


def test_an_empty_directory_is_told(run, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = run(tmp_path / "empty")
    assert status == 1
    assert "no log lies there" in err


def test_the_stage_of_a_killed_import_is_removed_by_the_next(run, logs, tmp_path):
    left = tmp_path / "archive" / ".importing-old"
    left.mkdir(parents=True)
    (left / "lock").touch()
    run(logs)
    assert [path.name for path in (tmp_path / "archive").glob(".importing-*")] == []


def test_a_configuration_tells_how_the_archive_is_kept(logs, tmp_path, capfd):
    config = tmp_path / "chatlog.toml"
    config.write_text(f'[storage]\narchive = "{tmp_path}/archive"\n')
    assert cli.run(["import", str(logs), "--config", str(config)]) == 0, capfd.readouterr().err
    assert len(texts(tmp_path)) == 4
