"""`chatlog demo`: the whole thing, offline, in seconds."""

from __future__ import annotations

import json
import re
from pathlib import Path

from chatlog.demo.script import CHANNELS, STEPS
from tests.support.waiting import eventually


def test_the_demo_records_the_conversation_and_shows_where_it_is(chatlog, tmp_path):
    done = chatlog.run("demo", "--archive", tmp_path)
    assert done.returncode == 0
    assert re.search(f"The transcripts are in {tmp_path}/demo", done.stderr)
    assert "<ada> Good morning! Does anybody keep what we say here?" in done.stdout
    assert "* grace takes two lumps, thank you" in done.stdout
    assert "turing (alan@tape.example) quit" in done.stdout
    said = sum(step.line[:7] in ("PRIVMSG", b"PRIVMSG") for step in STEPS)
    recorded = [
        json.loads(line)
        for name in CHANNELS
        for path in (tmp_path / "demo" / name).glob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    assert sum(event["type"] in ("message", "action") for event in recorded) == said


def test_the_demo_shows_a_gap_and_how_it_is_closed(chatlog, tmp_path):
    done = chatlog.run("demo", "--archive", tmp_path)
    shown = done.stdout.splitlines()
    [at] = [number for number, line in enumerate(shown) if line.startswith("--- demo: gap")]
    assert shown[at].endswith(" in 2 channels, connection lost; 4 lines recovered (messages only)")
    after = [line for line in shown[at:] if "(chathistory)" in line]
    assert [line.partition("(chathistory) ")[2] for line in after] == [
        "<grace> Did the line of the recorder just break?",
        "<turing> It did. lol",
        "<turing> lol",
        "<grace> Then it knows what it missed, and asks for it.",
    ]
    gaps = chatlog.run("gaps", "--archive", tmp_path, "--until", "-1s", "demo")
    assert "connection lost; 4 lines recovered by chathistory (messages only)" in gaps.stdout


def test_what_the_demo_shows_is_safe_for_a_terminal(chatlog, tmp_path):
    done = chatlog.run("demo", "--archive", tmp_path)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stdout)


def test_without_a_place_the_demo_takes_a_new_one_and_leaves_the_archive_alone(chatlog, tmp_path):
    done = chatlog.run("demo", CHATLOG_ARCHIVE=str(tmp_path / "mine"), TMPDIR=str(tmp_path))
    assert done.returncode == 0
    assert [path.name.startswith("chatlog-demo-") for path in tmp_path.iterdir()] == [True]


def test_with_site_the_demo_makes_pages_and_one_line_says_how_to_open_them(chatlog, tmp_path):
    done = chatlog.run("demo", "--site", TMPDIR=str(tmp_path))
    assert done.returncode == 0
    *_, line = done.stderr.splitlines()
    [page, site] = re.fullmatch(
        r"The site is (\S+/index\.html); to search in it: python3 -m http\.server -d (\S+)", line
    ).groups()
    assert "The talk of chatlog demo" in Path(page).read_text(encoding="utf-8")
    [day] = Path(site).glob("demo/demo/????-??-??.html")
    text = day.read_text(encoding="utf-8")
    assert "Good morning! Does anybody keep what we say here?" in text
    assert '<p class="gap">Not heard since ' in text
    assert len({Path(page).parent, Path(site)}) == 1


def test_ctrl_c_ends_the_demo_with_130_and_whole_files(chatlog, tmp_path):
    running = chatlog.start("demo", "--archive", tmp_path)
    running.wait_for("Recording")
    eventually(lambda: list(tmp_path.glob("demo/#demo/*.jsonl")))
    running.interrupt()
    assert running.finish() == 130
    assert "Traceback" not in running.stderr
    data = next(tmp_path.glob("demo/#demo/*.jsonl")).read_bytes()
    assert [json.loads(line) for line in data.splitlines()][-1]["type"] == "parted"
