"""Quits and changes of nicks of a server's log, in the channels of their people.

Those of the program's own user tell when it was in a channel.
"""

import pytest

from chatlog.archive.storage import Storage
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry
from chatlog.formats import jsonl
from chatlog.ingest import members
from chatlog.ingest.log_files import find_logs
from chatlog.ingest.log_import import LogImport
from chatlog.ingest.options import ImportOptions

NOW = "2026-12-01T00:00:00.000Z"
ANN = "ann(a@h)"
BOB = "bob(b@h)"


@pytest.fixture
def left(tmp_path):
    """Return a function that imports files of ii and tells who quit, or was renamed, and where."""

    def left(server, **channels):
        for name, lines in {
            "": server,
            **{f"#{name}": log for name, log in channels.items()},
        }.items():
            path = tmp_path / "irc/net" / name / "out"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"17954568{line}\n" for line in lines))
        root = tmp_path / "archive"
        work = LogImport(ImportOptions(), Storage(root=root), NOW, writes=True, workers=1)
        work.run([*find_logs([str(tmp_path / "irc")])], lambda _what, _done: None)
        assert not any(each.problem or each.tally.unknown for each in work.logs)
        events = [
            each
            for path in sorted(root.glob("net/*/*.jsonl"))
            for each in jsonl.decode_lines(path.read_bytes())
        ]
        return [(each.nick, each.target) for each in events if each.type in {"quit", "nick"}]

    return left


def joins(who, at="01"):
    return f"{at} -!- {who} has joined #x"


def quits(who, at="50"):
    return f'{at} -!- {who} has quit "bye"'


def test_a_quit_is_of_each_channel_in_which_the_person_is(left):
    found = left([quits(ANN)], a=[joins(ANN)], b=[joins(ANN), joins(BOB)], c=[joins(BOB)])
    assert found == [("ann", "#a"), ("ann", "#b")]


def test_a_person_is_followed_through_a_change_of_nick(left):
    server = ["20 -!- ann changed nick to eve", quits("eve(a@h)")]
    assert left(server, a=[joins(ANN)]) == [("ann", "#a"), ("eve", "#a")]


@pytest.mark.parametrize(
    "gone",
    ["10 -!- ann(a@h) has left #a", '10 -!- bob kicked ann ("out")'],
)
def test_who_left_a_channel_before_does_not_quit_from_it(left, gone):
    assert left([quits(ANN)], a=[joins(ANN), gone], b=[joins(ANN)]) == [("ann", "#b")]


def test_a_quit_of_somebody_whose_channel_nothing_tells_is_in_server(left):
    found = left([quits(ANN), quits(BOB, "55")], a=[joins(BOB, "60"), "05 <ann> hi"])
    assert found == [("ann", "@server"), ("bob", "@server")]


def test_a_second_quit_is_of_no_channel_until_the_person_is_back(left):
    server = [quits(ANN, "20"), quits(ANN, "30"), quits(ANN, "50")]
    assert left(server, a=[joins(ANN), joins(ANN, "40")]) == [
        ("ann", "#a"),
        ("ann", "#a"),
        ("ann", "@server"),
    ]


def test_of_more_channels_than_can_be_open_nothing_is_attributed(left, monkeypatch):
    monkeypatch.setattr(members, "MOST_CHANNELS", 1)
    assert left([quits(ANN)], a=[joins(ANN)], b=[joins(ANN)]) == [("ann", "@server")]


@pytest.mark.parametrize(
    ("server", "channel", "heard"),
    [
        ([], ["10 -!- me(m@h) has left #a", "20 <ann> hi"], [("01", "10")]),
        (
            ["05 -!- me changed nick to me2"],
            ["10 -!- me2(m@h) has left #a", "20 -!- me2(m@h) has joined #a", "30 <ann> hi"],
            [("01", "10"), ("20", "30")],
        ),
        (
            ["05 -!- me changed nick to me2", "22 -!- me changed nick to me3"],
            ["08 <ann> hi", "20 -!- me(m@h) has joined #a", "30 -!- me3(m@h) has left #a"],
            [("01", "08"), ("20", "30")],
        ),
        (
            ["05 -!- ann changed nick to me2"],
            ["10 -!- me2(m@h) has left #a", "20 <a> x"],
            [("01", "20")],
        ),
        (None, ["20 <ann> hi"], []),
    ],
)
def test_the_log_of_a_server_follows_the_own_user_of_those_of_its_channels(
    tmp_path, server, channel, heard
):
    logs = {"#a": ["01 -!- me(m@h) has joined #a", *channel]}
    if server is not None:
        logs[""] = server
    for name, lines in logs.items():
        path = tmp_path / "irc/net" / name / "out"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"17954568{line}\n" for line in lines))
    root = tmp_path / "archive"
    work = LogImport(ImportOptions(own_nick="me"), Storage(root=root), NOW, writes=True, workers=1)
    work.run([*find_logs([str(tmp_path / "irc")])], lambda _what, _done: None)
    claims = [each for each in ledger.each(root / "net/#a") if isinstance(each, CoveredEntry)]
    seconds = [(each.since[17:19], each.until[17:19]) for each in claims]
    assert seconds == heard
