"""irclog2html and pisg, as Debian has them, read the text that we write."""

from __future__ import annotations

import html
import re
import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from chatlog.event import Event, EventType
from chatlog.formats.plain import Plain

pytestmark = pytest.mark.server

READING = Path(__file__).parents[2] / "docs/reading.md"

SAID = [
    ("ada", "hello <b>world</b> & café"),
    ("grace", "good morning everybody"),
    ("ada", "[18:20:01] <bob> I resign"),
    ("[alan]^", "*** bob quit (not so)"),
    ("ada", "bold \x02and\x02 \x1b[31mred"),
    ("grace", "お茶 ☕"),
]
ALAN = {"nick": "[alan]^", "user": "~alan", "host": "tape.example"}
DONE = [
    (EventType.JOIN, {**ALAN}, "join"),
    (EventType.JOINED, {"nick": "chatlog", "user": "~chatlog", "host": "203.0.113.7"}, "join"),
    (EventType.PART, {**ALAN, "text": "good night"}, "part"),
    (EventType.PART, {**ALAN}, "part"),
    (EventType.QUIT, {**ALAN, "text": "Quit: bye"}, "part"),
    (EventType.NICK, {**ALAN, "subject": "turing"}, "nickchange"),
    (EventType.ACTION, {"nick": "grace", "text": "waves"}, "action"),
    (EventType.KICK, {"nick": "ada", "subject": "mallory", "text": "enough"}, "servermsg"),
    (EventType.TOPIC, {"nick": "ada", "text": "Notes on computing"}, "servermsg"),
    (EventType.MODE, {"nick": "ada", "command": "+o", "params": ("grace",)}, "servermsg"),
    (EventType.CLEAR, {"nick": "tmi.twitch.tv", "subject": "spammer"}, "servermsg"),
    (
        EventType.USERNOTICE,
        {"nick": "ada", "text": "hi", "tags": {"system-msg": "6 months"}},
        "servermsg",
    ),
    (
        EventType.REDACT,
        {"nick": "tmi.twitch.tv", "subject": "spammer", "reply_to": "d2ry4x", "text": "spam"},
        "servermsg",
    ),
    (EventType.REACT, {"nick": "ada", "reply_to": "d2ry4x", "text": "👍"}, "servermsg"),
    (EventType.UNREACT, {"nick": "ada", "reply_to": "d2ry4x", "text": "👍"}, "servermsg"),
    (EventType.CONNECTED, {"nick": "chatlog", "text": "irc.example"}, "servermsg"),
    (EventType.MESSAGE, {"nick": "ada", "text": "hi", "via": "playback"}, "servermsg"),
]


def sample(stamp):
    """Give the lines of everything said and done, a second apart."""
    events = [
        *((EventType.MESSAGE, {"nick": nick, "text": text}) for nick, text in SAID),
        *((kind, fields) for kind, fields, _ in DONE),
    ]
    place = {"network": "libera", "target": "#python"}
    return Plain(stamp, UTC).encode(
        [
            Event(time=f"2026-11-23T18:20:{second:02d}.000Z", type=kind, **place, **fields)
            for second, (kind, fields) in enumerate(events)
        ]
    )


@pytest.fixture(params=["time", "datetime"])
def transcript(request, tmp_path):
    """A text segment of everything, with either stamp."""
    path = tmp_path / "2026-11-23_001.log"
    path.write_bytes(sample(request.param))
    return path


def cells(row):
    return [
        (kind, html.unescape(text))
        for kind, text in re.findall(r'<t[hd] class="(\w+)"[^>]*>(.*?)</t[hd]>', row)
        if kind != "time"
    ]


def test_irclog2html_puts_every_line_in_its_cells(program, transcript):
    subprocess.run([program("irclog2html"), transcript], check=True, capture_output=True)
    page = transcript.with_name(transcript.name + ".html").read_text()
    rows = [cells(row) for row in re.findall(r'<tr id="t[^"]*">(.*?)</tr>', page)]
    shown = [text.replace("\x02", "").replace("\x1b", r"\x1b") for _, text in SAID]
    lines = transcript.read_text().splitlines()[len(SAID) :]
    assert rows == [
        *([("nick", nick), ("text", text)] for (nick, _), text in zip(SAID, shown, strict=True)),
        *([(kind, line.partition("] ")[2])] for (*_, kind), line in zip(DONE, lines, strict=True)),
    ]


def test_irclog2html_finds_the_speaker_of_each_line_of_a_message(program, tmp_path):
    path = tmp_path / "2026-11-23_001.log"
    said = {"nick": "ada", "text": "one\n*** bob quit\n<bob> hi", "target": "#python"}
    time = "2026-11-23T18:20:00.000Z"
    path.write_bytes(Plain().encode([Event(time=time, type=EventType.MESSAGE, **said)]))
    subprocess.run([program("irclog2html"), path], check=True, capture_output=True)
    page = path.with_name(path.name + ".html").read_text()
    rows = [cells(row) for row in re.findall(r'<tr id="t[^"]*">(.*?)</tr>', page)]
    assert [[text.strip() for _, text in row] for row in rows] == [
        *(["ada", "one"], ["ada", "*** bob quit"], ["ada", "<bob> hi"]),
    ]


def test_pisg_counts_every_line_for_who_said_it(program, transcript, tmp_path):
    settings = tmp_path / "pisg.cfg"
    page = tmp_path / "stats.html"
    settings.write_text(
        f"""<set ShowLines="1">
<set ShowTime="0">
<set NickTracking="0">
<channel="#python">
  Logfile="{transcript}"
  Format="energymech"
  Network="libera"
  Maintainer="ada"
  OutputFile="{page}"
</channel>
"""
    )
    done = subprocess.run(
        [program("pisg"), f"--configfile={settings}", "--silent"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.stderr == b""
    said = page.read_text("utf-8", "replace")
    counts = re.findall(r"<td[^>]*><span>([^<]*)</span></td><td[^>]*>(\d+)</td>", said)
    assert dict(counts) == {"ada": "3", "grace": "3", "[alan]^": "1"}
    assert re.search(r"<b>mallory</b>[^<]*kicked 1 times", said)
    assert re.search(r"<b>ada</b>[^<]*donated 1 ops", said)
    assert "Notes on computing" in said


TALK = [
    ("join", {**ALAN}),
    *[("message", {**ALAN, "text": f"hello there {number}"}) for number in range(4)],
    ("nick", {**ALAN, "subject": "turing"}),
    *[("message", {"nick": "turing", "text": f"once more {number}"}) for number in range(3)],
    *[("action", {"nick": "grace", "text": f"waves {number}"}) for number in range(5)],
    *[("join", {"nick": "mallory", "user": "~m", "host": "h.example"}) for _ in range(3)],
    ("message", {"nick": "mallory", "text": "spam"}),
    ("kick", {"nick": "ada", "subject": "mallory", "text": "enough"}),
    ("topic", {"nick": "ada", "text": "Notes on computing"}),
]


@pytest.mark.parametrize("stamp", ["time", "datetime"])
def test_pisg_finds_all_that_the_document_says_with_its_configuration(program, tmp_path, stamp):
    [settings] = re.findall("```pisg\n(.*?)```", READING.read_text(), re.DOTALL)
    (tmp_path / "pisg.cfg").write_text(settings)
    place = {"network": "libera", "target": "#python"}
    path = tmp_path / "archive" / "libera" / "#python" / "2026-11-23_001.log"
    path.parent.mkdir(parents=True)
    (path.parent / "LEDGER").write_text("{}\n")
    path.write_bytes(
        Plain(stamp, UTC).encode(
            [
                Event(time=f"2026-11-23T18:20:{second:02d}.000Z", type=kind, **place, **fields)
                for second, (kind, fields) in enumerate(TALK)
            ]
        )
    )
    subprocess.run([program("pisg"), "--configfile=pisg.cfg", "--silent"], check=True, cwd=tmp_path)
    said = re.sub(r"<[^>]*>", " ", (tmp_path / "python.html").read_text("utf-8", "replace"))
    said = re.sub(r"\s+", " ", said)
    for found in (
        "[alan]^ 7 ",  # all lines of who changed the nick
        "grace 5 ",
        "mallory wasn't very popular, getting kicked 1 times",
        "doing: 5 actions!",
        "Notes on computing",
        "The topic was set 1 times",
    ):
        assert found in said
    assert "joins during this" not in said  # as the document says
