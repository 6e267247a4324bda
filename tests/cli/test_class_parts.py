"""Archives whose classes of events have files of their own: commands answer as without rules."""

from __future__ import annotations

import json
import random

import pytest

from chatlog.archive.rules import Rules
from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record
from tests.support.tending import DAY, tend

RULES = Rules(keep={"presence": 400 * DAY, "server": 500 * DAY, "topic": 600 * DAY})
FORMS = [
    (form, is_sealed)
    for form in (("jsonl",), ("text",), ("jsonl", "text"))
    for is_sealed in (False, True)
]
NICKS = ("ann", "bob", "cleo")
KINDS = ("message", "message", "action", "join", "part", "quit", "topic", "mode", "other", "names")
COMMANDS = {
    "tail": ("tail", "--json", "-n", "1000"),
    "tail of few": ("tail", "--json", "-n", "7", "#c"),
    "tail of talk": ("tail", "--talk", "-n", "20", "#c"),
    "search": ("search", "--json", "line"),
    "search of a class": ("search", "--json", "type:presence"),
    "search with context": ("search", "-C", "2", "--all", "line 1"),
    "search, newest first": ("search", "--json", "--reverse", "line 2"),
    "count": ("search", "--count", "line"),
    "stats": ("stats", "--json"),
    "stats of people": ("stats", "--json", "#c", "--match", "type:talk"),
    "gaps": ("gaps", "--json"),
    "who": ("who", "#c", "--at", format_time(START + 3 * DAY * 1000 + 1)),
}


def objects(output):
    """Return lines of JSON without the order of their keys, and other lines as they are."""
    return [json.loads(line) if line[:1] == "{" else line for line in output.splitlines()]


def story():
    """Return events of two channels over five days, no two at once."""
    chance = random.Random(19)
    found = [event_at(1, type="joined", nick="logbot", target=each) for each in ("#c", "#d")]
    found[1:] = [event_at(2, type="joined", nick="logbot", target="#d")]
    for number, seconds in enumerate(sorted(chance.sample(range(3, 5 * DAY), 150))):
        kind, nick = chance.choice(KINDS), chance.choice(NICKS)
        text = "ann bob logbot" if kind == "names" else f"line {number}"
        target = chance.choice(("#c", "#c", "#d"))
        nick = "" if kind == "names" else nick
        found.append(event_at(seconds, text, type=kind, nick=nick, target=target))
    return found


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Write one archive without rules, and one with classes apart: in each form."""
    found = {}
    for form, is_sealed in FORMS:
        for name, rules in (("plain", Rules()), ("apart", RULES)):
            root = tmp_path_factory.mktemp(name) / "archive"
            for events in (story()[:80], story()[80:]):
                record(root, *events, rules=rules, formats=form)
            for target in ("#c", "#d"):
                told = [
                    OpenedEntry(at=format_time(START + 1000)),
                    ClosedEntry(at=format_time(START + 5 * DAY * 1000), cause="stopped"),
                ]
                ledger.append(UNSYNCED, root / "net" / target, told)
            if is_sealed:
                tend(root, rules=rules)
            found[name, form, is_sealed] = root
    return found


@pytest.mark.parametrize(("form", "is_sealed"), FORMS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_answers_the_same_whether_classes_have_files_of_their_own(
    archives, capsysbinary, monkeypatch, command, form, is_sealed
):
    monkeypatch.setattr("chatlog.clock.now", lambda: format_time(START + 5 * DAY * 1000))
    answers = []
    for name in ("plain", "apart"):
        root = archives[name, form, is_sealed]
        status = run([COMMANDS[command][0], "--archive", str(root), *COMMANDS[command][1:]])
        out, err = capsysbinary.readouterr()
        answers.append((status, objects(out.decode()), err.decode()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 0
    assert answers[0][1]


@pytest.mark.parametrize(("form", "is_sealed"), FORMS)
def test_the_parts_of_classes_are_whole(archives, capsysbinary, form, is_sealed):
    root = archives["apart", form, is_sealed]
    assert any(".presence." in path.name for path in root.glob("net/#c/*"))
    assert run(["verify", "--json", "--archive", str(root)]) == 0
    assert json.loads(capsysbinary.readouterr().out.splitlines()[-1])["findings"] == 0
