"""irclog2html and pisg, as Debian has them, read the logs that we write as other programs do."""

from __future__ import annotations

import html
import re
import subprocess

import pytest

from chatlog import cli
from tests.support.archive import event_at, record

pytestmark = pytest.mark.server

PLACE = {"network": "libera", "target": "#python"}
MALLORY = {"nick": "mallory", "user": "~m", "host": "h.example"}


@pytest.fixture
def log(tmp_path):
    """Export an hour of talk in a dialect; return the file."""
    said = [
        *(event_at(second, f"hello there {second}", nick="ada", **PLACE) for second in range(4)),
        event_at(5, "[18:20:01] <bob> I resign", nick="ada", **PLACE),
        *(event_at(second, "waves", nick="grace", type="action", **PLACE) for second in (6, 7)),
        event_at(8, "", type="join", **MALLORY, **PLACE),
        event_at(9, "spam", nick="mallory", **PLACE),
        event_at(10, "enough", type="kick", nick="ada", subject="mallory", **PLACE),
        event_at(11, "Notes on computing", type="topic", nick="ada", **PLACE),
        event_at(12, "", type="mode", nick="ada", command="+o", params=("grace",), **PLACE),
        event_at(13, "bye", type="quit", **MALLORY, **PLACE),
    ]
    record(tmp_path / "archive", *said)

    def export(dialect):
        path = tmp_path / "2026-11-23.log"
        typed = ["--to", dialect, "-o", str(tmp_path / "{date}.log"), "--archive"]
        assert cli.run(["export", "#python", *typed, str(tmp_path / "archive")]) == 0
        return path

    return export


@pytest.mark.parametrize("dialect", ["irssi", "znc"])
def test_irclog2html_finds_who_said_each_line(program, log, dialect):
    path = log(dialect)
    subprocess.run([program("irclog2html"), path], check=True, capture_output=True)
    page = path.with_name(path.name + ".html").read_text()
    said = re.findall(r'<th class="nick"[^>]*>(.*?)</th>\s*<td class="text"[^>]*>(.*?)</td>', page)
    assert [(nick.strip(), html.unescape(text)) for nick, text in said] == [
        *(("ada", f"hello there {second}") for second in range(4)),
        ("ada", "[18:20:01] <bob> I resign"),
        ("mallory", "spam"),
    ]
    assert len(re.findall('class="action"', page)) == 2


@pytest.mark.parametrize("dialect", ["irssi", "energymech"])
def test_pisg_counts_the_lines_of_each_and_what_was_done(program, log, tmp_path, dialect):
    settings, page = tmp_path / "pisg.cfg", tmp_path / "stats.html"
    settings.write_text(
        f"""<set ShowLines="1">
<set ShowTime="0">
<set NickTracking="0">
<channel="#python">
  Logfile="{log(dialect)}"
  Format="{dialect}"
  Network="libera"
  Maintainer="ada"
  OutputFile="{page}"
</channel>
"""
    )
    done = subprocess.run(
        [program("pisg"), f"--configfile={settings}", "--silent"],
        check=True, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stderr == b""
    shown = page.read_text("utf-8", "replace")
    counts = re.findall(r"<td[^>]*><span>([^<]*)</span></td><td[^>]*>(\d+)</td>", shown)
    assert dict(counts) == {"ada": "5", "grace": "2", "mallory": "1"}
    assert re.search(r"<b>mallory</b>[^<]*kicked 1 times", shown)
    assert "Notes on computing" in shown
