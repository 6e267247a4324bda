"""Golden archives of which somebody altered a file: every command gives a result or one error.

Bytes are flipped, cut out, inserted and repeated, and values of JSON get other
types, vanish, nest deeply or name impossible times. `make torture` tries more.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import manifest
from chatlog.archive.targets import spelled
from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.formats.visible import printable
from tests.golden.questions import ARCHIVES, NAMES
from tests.support.examples import examples_times
from tests.support.ports import reserved_port
from tests.support.tending import age

FILES = [
    (name, str(path.relative_to(ARCHIVES / name / "archive")))
    for name in NAMES
    for path in sorted((ARCHIVES / name / "archive").rglob("*"))
    if path.is_file() and not path.name.endswith(".lock")
]
COMMANDS = (
    ("tail", "-n", "1000"),
    ("tail", "--cursor", "cursor"),
    ("search", "lol OR said"),
    ("search", "-C", "1", "said"),
    ("stats",),
    ("who", "libera/#python"),
    ("gaps", "--strict"),
    ("channels",),
    ("status", "--all"),
    ("verify",),
    ("maintain", "--dry-run"),
    ("verify", "--repair"),
    ("maintain",),
    ("tail", "--cursor", "cursor"),
    ("verify",),
)
DEEP = "[" * 5000 + "]" * 5000
VALUES = (
    None, True, 5, -1, 2**63, 1e308, "", "x", "\ud800", [], {}, [None], {"a": {}}, "9" * 30,
    "0000-00-00T00:00:00.000Z", "2026-02-31T00:00:00.000Z", "9999-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z", "2026-11-23T18:20:01Z", "../../etc", "/", "a\0b", "\n", "%00",
)  # fmt: skip


def places_in(value, path=()):
    """List the path of each value in a value of JSON."""
    yield path
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in items:
        yield from places_in(inner, (*path, key))


def with_other(draw, line):
    """Alter a value of a line of JSON, or its key."""
    whole = {"": json.loads(line)}
    path = draw(st.sampled_from([("", *path) for path in places_in(whole[""])]))
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    deed = draw(st.sampled_from(["replace", "replace", "remove", "rename", "deep"]))
    if deed == "remove" and len(path) > 1:
        del holder[path[-1]]
    elif deed == "rename" and isinstance(holder, dict) and len(path) > 1:
        holder[path[-1][1:]] = holder.pop(path[-1])
    else:
        holder[path[-1]] = "deep" if deed == "deep" else draw(st.sampled_from(VALUES))
    text = json.dumps(whole[""])
    return (text.replace('"deep"', DEEP) if deed == "deep" else text).encode()


@st.composite
def altered(draw, data):
    """Alter the content of a file."""
    deed = draw(st.sampled_from(["json", "json", "flip", "cut", "remove", "insert", "repeat"]))
    lines = data.split(b"\n")
    with contextlib.suppress(ValueError):  # it is no JSON
        if deed == "json" and len(lines) > 1:
            number = draw(st.integers(0, len(lines) - 2))
            lines[number] = with_other(draw, lines[number])
            return b"\n".join(lines)
    at = draw(st.integers(0, max(0, len(data) - 1)))
    end = draw(st.integers(at, min(len(data), at + 200)))
    if deed == "cut":
        return data[:at]
    if deed == "remove":
        return data[:at] + data[end:]
    if deed == "insert":
        odd = st.sampled_from(
            [b"\n", b"\0" * 100, b"\xff\xfe", b"{", b'{"entry":"opened"}\n', b"5\n"]
        )
        return data[:at] + draw(odd | st.binary(max_size=20)) + data[at:]
    if deed == "repeat":
        return data[:end] + data[at:]
    return (
        data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
        if data
        else b"x"
    )


@st.composite
def hostile(draw):
    """Draw a golden archive, one of its files, and other content for it."""
    name, path = draw(st.sampled_from(FILES))
    return name, path, draw(altered((ARCHIVES / name / "archive" / path).read_bytes()))


READ_AT_START = {
    ".sts.json": b'{"irc.example": {"port": 6697, "until": "2099-01-01T00:00:00.000Z"}}\n',
    ".channels.json": b'{"libera": {"#a": {"config": "/etc/chatlog.toml", "refused": "474"}}}\n',
    ".invitations.json": b'{"libera": [{"channel": "#b", "by": "a!b@c", "kicks": 1}]}\n',
    ".spools": b'"/nowhere"\n"spool"\n',
    "FORMAT": b"chatlog archive, version 1\n",
    "libera/network.json": b'{"network":"libera","casemapping":"rfc1459"}\n',
}


@st.composite
def altered_starts(draw):
    """Draw a file that a recorder reads at its start, and other content for it."""
    (spool,) = (ARCHIVES / "spool" / "spool").glob("*.spool")
    done = f"../spool/{spool.stem}.done"
    files = {**READ_AT_START, f"../spool/{spool.name}": spool.read_bytes(), done: b"141\n"}
    path = draw(st.sampled_from(sorted(files)))
    return path, draw(altered(files[path]))


@examples_times(0.2)
@given(altered_starts())
def test_a_recorder_takes_any_content_of_the_files_that_it_reads_at_its_start(case):
    path, content = case
    with copy_of("spool") as root, reserved_port() as port:
        shutil.copytree(ARCHIVES / "spool" / "spool", root.parent / "spool")
        for name, intact in READ_AT_START.items():
            (root / name).write_bytes(intact)
        (root / path).write_bytes(content)
        server = ("--server", f"127.0.0.1:{port}", "--no-tls", "--network", "libera")
        for command in (("sync",), ("record", "--no-retry")):
            asked = (
                *command,
                *server,
                "--channel",
                "#a",
                "--accept-invites",
                "--spool-dir",
                "spool",
            )
            status, shown = answers(asked)
            assert status in {3, 4}, (command, shown)
            assert "Traceback" not in shown
        status, shown = answers(("verify",))
        assert status in {0, 1, 3}
        assert "Traceback" not in shown
        left = list((root.parent / "spool").glob("*.spool"))
        if left and left[0].stat().st_size and not path.endswith(("FORMAT", "network.json")):
            assert str(left[0]) in answers(asked)[1], "lines wait, and nothing names them"


CURSOR = (
    b'{"version":1,"targets":{"archive/libera/#a":{"2025-10-24_001.jsonl":[120,'
    b'"2025-10-24T10:00:00.312Z",false,0,"AAAAAAAAAAA="]}}}\n'
)


@examples_times(0.5)
@given(altered(CURSOR))
def test_a_cursor_of_any_content_is_followed_or_named(content):
    with copy_of("spool") as root:
        (root.parent / "cursor").write_bytes(content)
        status, shown = answers(("tail", "--cursor", "cursor"))
        assert status in {0, 3}, shown
        assert "Traceback" not in shown
        assert status == 0 or "cursor" in shown


def answers(arguments):
    """Run a command in this process; return its status and all that it shows."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([*arguments, "--archive", "archive"])
        out.flush()
    return status, out.buffer.getvalue().decode("utf-8", "replace") + err.getvalue()


@contextlib.contextmanager
def copy_of(name):
    """Copy a golden archive into a directory of its own, and go there."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(ARCHIVES / name / "archive", Path(place) / "archive")
        os.chdir(place)
        try:
            yield Path("archive")
        finally:
            os.chdir(before)


def unreadable_in(root):
    """Return the lines of ledgers, and of ledgers and manifests, that are damaged."""
    targets = [path for path in root.glob("*/*") if path.is_dir() and path.parent.name != ".runs"]
    ledgers = sum(ledger.read(path).damaged for path in targets)
    return ledgers, ledgers + sum(manifest.read(path).damaged for path in targets)


@examples_times(0.3)
@given(hostile())
def test_every_command_gives_a_result_or_one_error_and_none_calls_damage_whole(case):
    name, path, content = case
    with copy_of(name) as root:
        (root / path).write_bytes(content)
        age(root)
        for arguments in COMMANDS:
            ledgers, damaged = unreadable_in(root)
            status, shown = answers(arguments)
            assert status in {0, 1, 3}, (arguments, shown)
            assert "Traceback" not in shown
            if arguments == ("verify",) and damaged:
                assert status != 0, "damage was called whole"
                assert path in shown
            if arguments[0] == "gaps" and ledgers:
                assert status != 0, "a damaged ledger was called whole"
                target = printable("/".join(map(spelled, path.split("/")[:2])))
                assert f"{target}  100 %" not in shown
