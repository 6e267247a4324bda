"""`chatlog export`: what people type, and what they see of it."""

from __future__ import annotations

import json

import pytest

from chatlog.export.past_exports import ExportEntry, remembered
from chatlog.formats import jsonl
from tests.support.archive import event_at, record
from tests.support.process import holding
from tests.support.waiting import eventually

HELD = f"""
import sys
from pathlib import Path
from {ExportEntry.__module__} import ExportEntry, {remembered.__name__}
root, dest = Path(sys.argv[1]), sys.argv[2]
entry = ExportEntry.made("csv", dest, {{}})
with remembered(root, entry, "", print) as past:
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def export(chatlog, archive):
    record(
        archive,
        event_at(1, "ben: ann is here", nick="ben"),
        event_at(2, "other", target="#d", nick="Ann"),
        event_at(3, "", type="kick", nick="ben", subject="ANN", target="#d"),
        event_at(4, "annual report", nick="ben"),
    )

    def run(*arguments, **env):
        return chatlog.run("export", "--archive", archive, *arguments, **env)

    return run


def texts(path):
    return [jsonl.decode(line).text for line in path.read_bytes().splitlines()]


def test_it_says_what_became_of_the_files(export, chatlog):
    done = export("--to", "csv", "-o", "all.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "all.csv: 5 lines, 410 B; 1 file written\n"
    assert export("--to", "csv", "-o", "all.csv").stdout.endswith(
        "; 0 files written, 1 unchanged\n"
    )
    assert (chatlog.home / "all.csv").read_bytes().startswith(b"time,network,")


def test_a_directory_gets_a_file_for_each_channel(export, chatlog):
    assert export("--to", "jsonl", "-o", "out/", "--quiet").stdout == ""
    assert texts(chatlog.home / "out/net/#c.jsonl") == [
        "hello",
        "ben: ann is here",
        "annual report",
    ]
    assert texts(chatlog.home / "out/net/#d.jsonl") == ["other", ""]


def test_stdout_gets_the_lines_of_a_query_in_order(export, archive, chatlog):
    done = export("--to", "jsonl", "-o", "-", "--type", "message", "--since", "2026-11-23 00:00:01")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [
        *("ben: ann is here", "other", "annual report"),
    ]
    assert not (archive / "EXPORTS").exists()
    done = export("--to", "text", "-o", "-", "c", "--match", "report")
    assert done.stdout == "[2026-11-23T00:00:04] <ben> annual report\n"


def test_everything_about_a_person_is_in_two_files(export, chatlog):
    done = export("--nick", "ann", "--to", "jsonl", "-o", "ann.jsonl")
    assert done.stdout.startswith("ann.jsonl: 4 lines, ")
    assert done.stdout.endswith("; 2 files written\n")
    assert texts(chatlog.home / "ann.jsonl") == ["hello", "other"]
    assert texts(chatlog.home / "ann.about.jsonl") == ["ben: ann is here", ""]
    export("--nick", "ann", "--to", "jsonl", "-o", "out/")
    assert texts(chatlog.home / "out/about/net/#d.jsonl") == [""]


def test_everything_about_a_person_follows_their_nicks(export, archive, chatlog):
    record(
        archive,
        event_at(10, "", type="nick", nick="ann", subject="dot"),
        event_at(11, "dot: hi", nick="ben"),
        event_at(12, "me", nick="dot"),
    )
    export("--nick", "ann", "--follow-nicks", "--to", "jsonl", "-o", "ann.jsonl")
    assert texts(chatlog.home / "ann.jsonl") == ["hello", "other", "", "me"]
    assert texts(chatlog.home / "ann.about.jsonl") == ["ben: ann is here", "", "dot: hi"]


def test_the_server_and_the_recorder_are_not_left_out(export, archive):
    record(archive, event_at(9, "1.0", type="started", target="@server", nick=""))
    assert '"target":"@server"' in export("--to", "jsonl", "-o", "-").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--to", "csv", "-o", "{day}.csv"), 2, "-o has no token {day}; known are "),
        (("--to", "csv", "-o", "x.csv", "--partition", "week"), 2, "'week' is no partition; "),
        (("--to", "csv", "-o", "x.csv", "--partition", "day"), 2, "put {date} into -o"),
        (("--to", "text", "-o", "x.txt"), 2, "do not name their channel; name one channel"),
        (("--to", "odd", "-o", "x"), 2, "'odd' is not one of 'jsonl', 'csv', "),
        (("--to", "csv", "-o", "x.csv", "#e"), 1, "no channel or query in "),
        (("--to", "csv", "-o", "x.csv", "--nick", "nobody"), 1, "no line matches"),
        (("--to", "csv", "-o", "/proc/x.csv"), 3, "cannot write /proc/x.csv: "),
        (("--to", "csv", "-o", "x.csv", "--tz", "Nowhere"), 2, "there is no time zone 'Nowhere'"),
        (("--to", "csv", "-o", ""), 2, "--dest: the path is empty; name one"),
        (("--to", "jsonl", "-o", "-", "--json"), 2, "--json tells of files, and -o - writes none"),
    ],
)
def test_input_that_makes_no_sense_is_one_error(export, arguments, status, told):
    done = export(*arguments)
    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_destination_in_the_archive_is_refused(export, archive):
    done = export("--to", "jsonl", "-o", archive / "net" / "x.jsonl")
    assert done.returncode == 2
    assert done.stderr.endswith("x.jsonl is in the archive itself; name a place outside\n")


def test_a_second_export_to_a_destination_waits_for_nobody(export, archive, chatlog):
    place = chatlog.home.resolve() / "all.csv"
    with holding(HELD, archive, place):
        done = export("--to", "csv", "-o", "all.csv")
    assert done.returncode == 5
    assert done.stderr == f"chatlog: another export to {place} is running; try again later\n"


def test_an_archive_that_cannot_be_written_is_exported_all_the_same(export, archive, chatlog):
    (archive / ".exports").write_text("in the way")
    done = export("--to", "csv", "-o", "all.csv")
    assert done.returncode == 0
    assert "so EXPORTS does not name this export, which writes all files anew" in done.stderr
    assert (chatlog.home / "all.csv").exists()


def test_json_has_one_object(export, chatlog):
    done = export("--to", "jsonl", "-o", "all.jsonl", "--json")
    found = json.loads(done.stdout)
    size = (chatlog.home / "all.jsonl").stat().st_size
    assert found == {
        "type": "export",
        "format": "jsonl",
        "written_files": 1,
        "unchanged_files": 0,
        "removed_files": 0,
        "exported_lines": 5,
        "exported_bytes": size,
        "destination": str(chatlog.home.resolve() / "all.jsonl"),
    }


def test_ctrl_c_leaves_whole_files_alone(chatlog, tmp_path):
    root = tmp_path / "large"
    record(root, *(event_at(second, "x" * 400) for second in range(80_000)))
    running = chatlog.start("export", "--archive", root, "--to", "markdown", "-o", "x/y.md")
    part = chatlog.home / "x" / ".y.md.part"
    eventually(part.exists)
    running.interrupt()
    assert running.finish() == 130
    assert list(part.parent.iterdir()) == []


@pytest.fixture
def taken_back(archive):
    record(
        archive,
        event_at(20, "a secret", msgid="m1", target="#e", host="h.example"),
        event_at(86_400, "", type="redact", reply_to="m1", target="#e"),
        event_at(86_401, "dot says", target="#e", nick="dot"),
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["a secret", "", "dot says"]),
        (("--redact", "hide"), ["dot says"]),
        (("--redact", "mark"), ["[redacted]", "", "dot says"]),
        (("--optout",), ["a secret", ""]),
        (("--delay", "1000000d"), []),
    ],
)
def test_what_is_withheld_is_what_was_asked_for(export, archive, taken_back, options, expected):
    (archive / "OPTOUT").write_text("Dot\n")
    done = export("e", "--to", "jsonl", "-o", "-", *options)
    assert [json.loads(line).get("text", "") for line in done.stdout.splitlines()] == expected


def test_hosts_are_hidden(export, taken_back):
    assert "h.example" in export("e", "--to", "jsonl", "-o", "-").stdout
    assert "h.example" not in export("e", "--to", "jsonl", "-o", "-", "--hide-hosts").stdout


def test_a_later_redaction_and_a_later_name_change_only_the_files_that_they_concern(
    export, archive, chatlog, taken_back
):
    options = ("e", "--to", "jsonl", "-o", "{date}.jsonl", "--redact", "mark", "--optout")
    export(*options)
    assert texts(chatlog.home / "2026-11-23.jsonl") == ["[redacted]"]
    record(archive, event_at(90_000, "another", msgid="m2", target="#e"))
    record(archive, event_at(180_000, "", type="redact", reply_to="m2", target="#e"))
    assert export(*options).stdout.endswith("; 2 files written, 1 unchanged\n")
    assert texts(chatlog.home / "2026-11-24.jsonl") == ["", "dot says", "[redacted]"]
    (archive / "OPTOUT").write_text("dot\n")
    assert export(*options).stdout.endswith("; 1 file written, 2 unchanged\n")
    (archive / "OPTOUT").write_text("two words\n")
    done = export(*options)
    assert (done.returncode, "OPTOUT, line 1: say a nick" in done.stderr) == (2, True)


def test_an_archive_that_was_exported_is_whole_for_verify_and_for_backup(export, archive, chatlog):
    (archive / "OPTOUT").write_text("dot\n")
    export("--to", "csv", "-o", "all.csv", "--optout")
    assert chatlog.run("verify", "--archive", archive).returncode == 0
    done = chatlog.run("backup", chatlog.home / "backup", "--archive", archive)
    assert (done.returncode, "unknown" in done.stdout) == (0, False)
    snapshot = chatlog.home / "backup" / "latest"
    assert (snapshot / "OPTOUT").read_text() == "dot\n"
    assert not (snapshot / "EXPORTS").exists()


def test_a_site_withholds_as_other_exports_do_and_more_by_default(export, archive, chatlog):
    (archive / "OPTOUT").write_text("ben\n")
    record(archive, event_at(9, "who is ben", msgid="m", nick="cat", host="h.example"))
    assert export("--to", "site", "-o", "site/", "--pseudonyms").returncode == 0
    [page] = chatlog.home.glob("site/net/c/*.jsonl")
    [_, line] = page.read_bytes().splitlines()
    told = jsonl.decode(line)
    assert (told.text, told.host) == ("who is …", "")
    assert told.nick.startswith("anon-")
    done = export("--to", "site", "-o", "site/", "--hide-hosts", "--show-hosts")
    assert (done.returncode, "contradict" in done.stderr) == (2, True)
    export("--to", "site", "-o", "late/", "--delay", "3650d")
    assert not [*chatlog.home.glob("late/net/c/*.jsonl")]
