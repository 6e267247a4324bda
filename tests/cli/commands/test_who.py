"""`chatlog who` as people and scripts type it."""

from __future__ import annotations

import json

import pytest

from chatlog.archive.rules import Rules
from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record, writer_in
from tests.support.tending import tend

_DAY = 86_400


def at(seconds):
    return format_time(START + int(seconds * 1000))


def did(seconds, kind, nick="", text="", **fields):
    return event_at(seconds, text, type=kind, nick=nick, **fields)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Keep the clock a week later."""
    monkeypatch.setattr("chatlog.clock.now", lambda: at(7 * _DAY))


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def who(archive, capsysbinary):
    """Run `chatlog who`: its status, stdout and stderr."""

    def call(*arguments):
        status = run(["who", "--archive", str(archive), "--tz", "UTC", *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


STORY = [
    did(100, "joined", "logbot"),
    did(101, "names", text="@ann +bob logbot"),
    did(200, "join", "Cleo"),
    did(300, "part", "bob", "bye"),
    did(400, "nick", "Cleo", subject="zoe"),
    did(500, "message", "outsider", "let me in"),
    did(600, "kick", "ann", "out", subject="zoe"),
    did(700, "quit", "ann"),
    did(800, "disconnected", "logbot", "ping timeout"),
    did(900, "joined", "logbot"),
    did(901, "names", text="dan logbot"),
]


@pytest.mark.parametrize(
    ("seconds", "there"),
    [
        (100, "logbot"),
        (101, "@ann +bob logbot"),
        (199, "@ann +bob logbot"),
        (200, "@ann +bob Cleo logbot"),
        (300, "@ann Cleo logbot"),
        (400, "@ann logbot zoe"),
        (500, "@ann logbot zoe"),
        (600, "@ann logbot"),
        (700, "logbot"),
        (900, "logbot"),
        (901, "dan logbot"),
        (3 * _DAY, "dan logbot"),
    ],
)
def test_who_names_the_people_that_had_come_and_not_gone_at_a_time(who, archive, seconds, there):
    record(archive, *STORY)
    assert who("c", "--at", at(seconds)) == (0, "".join(f"{nick}\n" for nick in there.split()), "")


def test_now_is_meant_where_no_time_is_given(who, archive):
    record(archive, *STORY)
    assert who("#c") == who("#C", "--at", "now") == (0, "dan\nlogbot\n", "")


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("2026-11-23 00:03:20", "@ann +bob Cleo logbot"),
        ("2026-11-23T01:03:20+01:00", "@ann +bob Cleo logbot"),
        ("-167h", "dan logbot"),
        ("2099", "dan logbot"),
    ],
)
def test_who_takes_times_as_people_type_them(who, archive, text, there):
    record(archive, *STORY)
    assert who("c", "--at", text)[1].split() == there.split()


def test_the_time_is_in_the_zone_that_is_asked_for(who, archive):
    record(archive, *STORY)
    shown = who("c", "--at", "2026-11-23 09:03:20", "--tz", "Asia/Tokyo")[1]
    assert shown.split() == ["@ann", "+bob", "Cleo", "logbot"]


@pytest.mark.parametrize("seconds", [0, 99, 800, 899])
def test_nobody_is_known_while_nobody_recorded(who, archive, seconds):
    record(archive, *STORY)
    assert who("c", "--at", at(seconds)) == (
        1, "", "chatlog: c was not recorded then; `chatlog gaps` shows when it was\n",
    )  # fmt: skip


def test_nobody_is_known_after_a_recorder_was_killed(who, archive):
    record(archive, *STORY[:4], *STORY[-2:])
    told = [
        OpenedEntry(at=at(100), server=at(100)),
        ClosedEntry(at=at(500), server=at(500), cause="killed"),
        OpenedEntry(at=at(901), server=at(901)),
        ClosedEntry(at=at(1000), server=at(1000), cause="killed"),
    ]
    ledger.append(UNSYNCED, archive / "net" / "#c", told)
    assert who("c", "--at", at(499))[1] == "@ann\nCleo\nlogbot\n"
    assert who("c", "--at", at(600))[0] == 1
    assert who("c", "--at", at(900))[1] == "logbot\n"
    assert who("c", "--at", at(950))[1] == "dan\nlogbot\n"
    assert who("c")[0] == 1


def test_nobody_is_known_in_a_later_interval_that_has_no_lines(who, archive):
    record(archive, *STORY[:4])
    told = [
        OpenedEntry(at=at(100), server=at(100)),
        ClosedEntry(at=at(500), server=at(500), cause="killed"),
        OpenedEntry(at=at(901), server=at(901)),
        ClosedEntry(at=at(1000), server=at(1000), cause="stopped", planned=True),
    ]
    ledger.append(UNSYNCED, archive / "net" / "#c", told)
    assert who("c", "--at", at(499))[1] == "@ann\nCleo\nlogbot\n"
    assert who("c", "--at", at(950))[0] == 1


def test_a_gap_in_the_second_in_which_the_recorder_came_back_ends_nobodys_presence(who, archive):
    record(archive, *STORY[:4])
    told = [
        OpenedEntry(at=at(50), server=at(50)),
        ClosedEntry(at=at(100.1), server=at(100.1), cause="closed"),
        OpenedEntry(at=at(100.4), server=at(100.4)),
    ]
    ledger.append(UNSYNCED, archive / "net" / "#c", told)
    assert who("c", "--at", at(250))[1] == "@ann\n+bob\nCleo\nlogbot\n"


def test_what_history_brought_back_is_not_taken_for_having_been_there(who, archive):
    record(archive, *STORY, did(850, "join", "eve", via="chathistory"))
    assert who("c", "--at", at(860))[0] == 1
    assert who("c")[1] == "dan\nlogbot\n"


def test_the_recorder_may_have_come_months_ago(who, archive):
    quiet = [did(day * _DAY, "message", "ann", "still here") for day in range(-200, 0, 10)]
    came = [
        did(-210 * _DAY, "joined", "logbot"),
        did(-210 * _DAY + 1, "names", text="@ann bob logbot"),
        did(-100 * _DAY, "part", "bob"),
        did(-99 * _DAY, "join", "cleo"),
    ]
    record(archive, *came, *quiet)
    assert len(list((archive / "net" / "#c").glob("*.jsonl"))) > 20
    assert who("c") == (0, "@ann\ncleo\nlogbot\n", "")
    assert who("c", "--at", at(-150 * _DAY))[1] == "@ann\nbob\nlogbot\n"


def test_the_list_counts_though_our_clock_is_behind_that_of_the_server(who, archive):
    joined = did(100, "joined", "logbot", received=at(95))
    listed = did(95, "names", text="@ann logbot")
    record(archive, joined, listed, did(150, "join", "bob", received=at(145)))
    assert who("c")[1] == "@ann\nbob\nlogbot\n"


def test_who_reads_archives_of_text_alone(who, archive):
    record(archive, *STORY, formats=("text",))
    assert who("c", "--at", at(400))[1] == "@ann\nlogbot\nzoe\n"


def test_nicks_are_folded_as_their_network_does(who, archive):
    writer = writer_in(archive, "ascii")
    left = did(3, "part", "A[nn]")
    writer.write_all([did(1, "joined", "logbot"), did(2, "names", text="a{nn} a[NN]"), left])
    writer.close()
    assert who("c")[1] == "a{nn}\n"


def test_who_prints_one_object_with_json(who, archive):
    record(archive, did(100, "joined", "logbot"), did(101, "names", text="@käse logbot"))
    status, out, err = who("c", "--at", at(200), "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert json.loads(out) == {
        "type": "members", "network": "net", "target": "#c", "at": at(200), "since": at(100),
        "nicks": ["käse", "logbot"], "prefixes": {"käse": "@"}, "relayed": [],
    }  # fmt: skip


def test_nothing_of_a_nick_can_steer_the_terminal(who, archive):
    record(archive, did(1, "joined", "logbot"), did(2, "join", "a\x1b[2J\u202eb\nc"))
    assert who("c")[1] == "a\\x1b[2J\\u202eb\\x0ac\nlogbot\n"


def test_several_channels_are_told_apart_by_whoever_asks(who, archive):
    record(archive, *STORY, did(1, "joined", "logbot", network="oftc", target="#C"))
    status, out, err = who("c")
    assert (status, out) == (2, "")
    assert err == "chatlog: c matches several: net/#c, oftc/#c; name one\n"
    assert who("oftc/c")[1] == who("c", "--network", "oftc")[1] == "logbot\n"


def test_of_many_channels_only_some_are_listed(who, archive):
    record(archive, *(did(1, "joined", "logbot", target=f"#c{each}") for each in range(7)))
    assert who("c*")[2] == (
        "chatlog: c* matches several: net/#c0, net/#c1, net/#c2, net/#c3, net/#c4, …; name one\n"
    )


def test_a_channel_is_meant_where_somebody_is_called_so_as_well(who, archive):
    record(archive, did(1, "joined", "logbot"), did(2, "message", "c", "psst", target="c"))
    assert who("c")[1] == "logbot\n"


def test_a_conversation_of_two_is_no_channel(who, archive):
    record(archive, did(1, "message", "ann", "psst", target="ann"))
    assert who("ann")[2] == (
        "chatlog: ann was not recorded then; `chatlog gaps` shows when it was\n"
    )


def test_a_channel_that_is_not_there_is_said_with_its_place(who, archive):
    record(archive, *STORY)
    status, out, err = who("#nope")
    assert (status, out) == (1, "")
    assert err.startswith(f"chatlog: no channel or query in {archive} matches '#nope'; ")


def test_damage_is_reported_once_and_costs_nothing_else(who, archive):
    record(archive, *STORY)
    path = archive / "net" / "#c" / "2026-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b'{"type":"names" damage\n')
    assert who("c") == (
        0, "dan\nlogbot\n", f"chatlog: 1 line of {path} could not be read\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [["--at", "whenever"], ["--tz", "Nowhere"], ["more"]], ids=" ".join
)
def test_what_makes_no_sense_is_a_usage_error(who, archive, arguments):
    record(archive, *STORY)
    status, out, err = who("c", *arguments)
    assert (status, out) == (2, "")
    assert err


def test_the_help_of_who_has_an_example(capsys):
    assert run(["who", "--help"]) == 0
    assert "chatlog who python --at 'yesterday 18:00'" in capsys.readouterr().out


def test_names_fold_as_on_the_network_also_where_its_name_is_escaped(who, archive):
    writer = writer_in(archive, casemapping="ascii", networks=("My Net",))
    mine = {"network": "My Net"}
    writer.write_all([
        did(100, "joined", "logbot", **mine),
        did(101, "names", text="n[1] b{2} logbot", **mine),
        did(102, "part", "N{1}", **mine),
    ])  # fmt: skip
    writer.close()
    assert who("#c")[1].split() == ["b{2}", "logbot", "n[1]"]


def test_who_spoke_through_a_relay_in_the_day_before_is_listed_with_the_way(archive, who):
    relayed = {"relayed_nick": "ada", "relayed_platform": "telegram"}
    record(
        archive,
        did(100, "joined", "logbot"),
        did(101, "names", text="ann bridge logbot"),
        did(200, "message", "bridge", "[telegram] <ada> hello", **relayed),
        did(300, "message", "bridge", "[telegram] <ada> again", **relayed),
        did(400, "message", "bridge", "<bob> hello", relayed_nick="bob"),
        did(500, "message", "bridge", "I relay"),
    )
    there = "ann\nbridge\nlogbot\n"
    for seconds, others in (
        (250, "ada via telegram\n"),
        (600, "ada via telegram\nbob via bridge\n"),
        (350 + _DAY, "bob via bridge\n"),
        (600 + _DAY, ""),
    ):
        assert who("c", "--at", at(seconds)) == (0, there + others, "")
    _, out, _ = who("c", "--at", at(600), "--json")
    assert json.loads(out)["relayed"] == [
        {"nick": "ada", "platform": "telegram", "relay": "bridge"},
        {"nick": "bob", "platform": None, "relay": "bridge"},
    ]


def test_nobody_is_named_of_a_time_in_which_presence_was_not_recorded(who, archive):
    record(archive, did(100, "joined", "logbot"), did(150, "message", "ann", "hello"))
    entries = [
        OpenedEntry(at=at(100), kinds="talk"),
        ClosedEntry(at=at(300), cause="stopped"),
    ]
    ledger.append(UNSYNCED, archive / "net" / "#c", entries)
    status, out, err = who("#c", "--at", at(200))
    assert (status, out) == (1, "")
    assert err == (
        "chatlog: #c has no joins and quits of then: `record` left out the class presence;"
        " `chatlog gaps` shows what was recorded\n"
    )


def test_nobody_is_named_of_a_time_whose_joins_and_quits_were_removed(who, archive):
    rules = Rules(keep={"presence": _DAY})
    record(
        archive,
        *(did(100, "joined", "logbot"), did(101, "names", text="ann logbot")),
        *(did(200, "message", "ann", "hello"), did(3 * _DAY, "join", "bob")),
        rules=rules,
    )
    told = [OpenedEntry(at=at(100)), ClosedEntry(at=at(4 * _DAY), cause="stopped")]
    ledger.append(UNSYNCED, archive / "net" / "#c", told)
    assert who("c", "--at", at(300))[1] == "ann\nlogbot\n"
    tend(archive, now=at(2.5 * _DAY), rules=rules)
    status, out, err = who("c", "--at", at(300))
    assert (status, out) == (1, "")
    assert err == (
        "chatlog: c has no joins and quits of then any more: `keep` removed the class presence;"
        " MANIFEST tells when\n"
    )
    assert who("c", "--at", at(3 * _DAY + 1))[0] == 1


@pytest.mark.parametrize(
    ("seconds", "there"), [(150, "ann bob logbot"), (250, "Cleo ann bob logbot"), (900, None)]
)
def test_who_was_there_while_a_recorder_heard_whose_archive_was_merged(
    who, archive, tmp_path, seconds, there
):
    other = tmp_path / "other"
    record(other, *STORY[:3])
    entries = [OpenedEntry(at=at(100), run="r"), ClosedEntry(at=at(300), run="r", cause="killed")]
    ledger.append(UNSYNCED, other / "net" / "#c", entries)
    record(archive, did(1000, "joined", "logbot"), did(1001, "names", text="ann logbot"))
    ledger.append(UNSYNCED, archive / "net" / "#c", [OpenedEntry(at=at(1000), run="s")])
    assert run(["merge", str(other), "--archive", str(archive), "--quiet"]) == 0
    status, out, _ = who("#c", "--at", at(seconds))
    assert status == (1 if there is None else 0)
    for nick in (there or "").split():
        assert nick in out
