"""Channels that are taken out of the configuration, and refusals that earlier runs reported."""

from __future__ import annotations

import asyncio

import pytest

from chatlog.archive.locks import Locks
from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.protocol.join_answers import UNANSWERED
from chatlog.protocol.wanted import Absence
from chatlog.record.absences import News
from chatlog.record.known_channels import NAME, KnownChannels
from tests.support.loop_clock import LoopClock
from tests.support.recording import in_state, plan_of, play, recorder_of
from tests.support.scripted import ScriptedServer
from tests.support.waiting import until

CONFIG = "/etc/chatlog.toml"
BANNED = Absence("#a", "banned (474); asking again", "474")
NOTHING = News([], [])


def refused(*absences):
    return News([*absences], [])


def last_entry(root, channel):
    return ledger.read(root / "net" / channel)[-1].entry


def refuse_demo(peer):
    peer.register()
    peer.wait_for(rb"^JOIN #demo,#tea$")
    peer.send(b":scripted 474 rec #demo :Cannot join channel (+b)\r\n:rec!u@h JOIN #tea\r\n")
    peer.sync()


def join_what_is_left(peer):
    peer.register()
    peer.join("#tea")
    peer.sync()


def assert_ended(root, channel):
    """Assert that no gap of a channel grows any more."""
    entries = ledger.read(root / "net" / channel)
    folded = [
        coverage_of(entries, heard=lambda _: None, now=f"{year}-01-01T00:00:00.000Z")
        for year in ("2090", "2099")
    ]
    assert folded[0] == folded[1]


def test_a_refused_channel_that_the_next_run_no_longer_has_ends_its_range(tmp_path):
    play(tmp_path, refuse_demo, known=KnownChannels(tmp_path, CONFIG))
    assert last_entry(tmp_path, "#demo") == "absent"
    plan = {"session": {"channels": ("#tea",)}}
    play(tmp_path, join_what_is_left, known=KnownChannels(tmp_path, CONFIG), **plan)
    assert last_entry(tmp_path, "#demo") == "unwanted"
    assert_ended(tmp_path, "#demo")
    before = ledger.read(tmp_path / "net" / "#demo")
    play(tmp_path, join_what_is_left, known=KnownChannels(tmp_path, CONFIG), **plan)
    assert ledger.read(tmp_path / "net" / "#demo") == before


@pytest.mark.parametrize(
    "known",
    [
        lambda root: KnownChannels(root, "/etc/other.toml"),
        lambda root: KnownChannels(root, ""),
        lambda root: KnownChannels(root, CONFIG, whole=False),
    ],
    ids=["another configuration", "no configuration", "another network of the configuration"],
)
def test_a_run_does_not_end_the_ranges_of_another_configuration(tmp_path, known):
    play(tmp_path, refuse_demo, known=KnownChannels(tmp_path, CONFIG))
    plan = {"session": {"channels": ("#tea",), "network": "other"}}
    play(tmp_path, join_what_is_left, known=known(tmp_path), **plan)
    assert last_entry(tmp_path, "#demo") == "absent"


def test_a_channel_that_another_recorder_holds_keeps_its_range(tmp_path, monkeypatch):
    play(tmp_path, refuse_demo, known=KnownChannels(tmp_path, CONFIG))
    monkeypatch.setattr(Locks, "is_held", lambda _self, _network, target, _path: target == "#demo")
    plan = {"session": {"channels": ("#tea",)}}
    play(tmp_path, join_what_is_left, known=KnownChannels(tmp_path, CONFIG), **plan)
    assert last_entry(tmp_path, "#demo") == "absent"


def stay(peer):
    peer.wait_for_the_end()


def reloaded(root, script, state, plans):
    """Run #demo and #tea, reload other plans once the network is in a state, and stop."""

    async def scenario():
        async with ScriptedServer(script, stay) as server:
            recorder = recorder_of(root, server.port, reconnect_min=60, reconnect_max=60)
            run = asyncio.ensure_future(recorder.run())
            await in_state(recorder, state)
            await until((root / "net/#demo/LEDGER").exists)
            recorder.reload([plan_of(server.port, **plan) for plan in plans])
            await until(lambda: last_entry(root, "#demo") == "unwanted")
            recorder.stop("enough")
            await run

    LoopClock().run(scenario())
    assert_ended(root, "#demo")


def test_a_refused_channel_that_is_taken_out_by_a_reload_ends_its_range(tmp_path):
    def script(peer):
        refuse_demo(peer)
        peer.wait_for_the_end()

    reloaded(tmp_path, script, "connected", [{"session": {"channels": ("#tea",)}}])


def let_in_and_leave(peer):
    peer.register()
    peer.join("#demo", "#tea")
    peer.sync()


def test_a_channel_that_is_taken_out_while_the_network_is_away_ends_its_range(tmp_path):
    reloaded(tmp_path, let_in_and_leave, "waiting", [{"session": {"channels": ("#tea",)}}])


def test_the_channels_of_a_network_that_is_taken_out_end_their_ranges(tmp_path):
    def script(peer):
        let_in_and_leave(peer)
        peer.wait_for_the_end()

    reloaded(tmp_path, script, "connected", [{"session": {"network": "other"}}])


# -- refusals --------------------------------------------------------------------------


def test_a_refusal_is_news_until_it_is_reported_and_after_the_channel_let_us_in(tmp_path):
    def news(*absences, joined=()):
        return KnownChannels(tmp_path).news("net", absences, joined)

    reworded = BANNED._replace(why="go away (474); asking again")
    otherwise = BANNED._replace(cause="473")
    silent = BANNED._replace(cause=UNANSWERED)
    assert [
        news(BANNED), news(BANNED), news(reworded), news(silent), news(otherwise),
        news(joined=["#a"]), news(joined=["#a"]), news(otherwise),
        KnownChannels(tmp_path).news("other", [otherwise], ()),
    ] == [
        refused(BANNED), NOTHING, NOTHING, NOTHING, refused(otherwise),
        News([], ["#a"]), NOTHING, refused(otherwise), refused(otherwise),
    ]  # fmt: skip


def test_a_channel_that_lets_us_in_after_a_silence_alone_is_no_news(tmp_path):
    known = KnownChannels(tmp_path)
    silent = BANNED._replace(cause=UNANSWERED)
    assert known.news("net", [silent], ()) == refused(silent)
    assert known.news("net", [], ["#a"]) == NOTHING


@pytest.mark.parametrize(
    "damage", [b"", b"\0", b"[]", b"{", b'{"net":{"#a":7}}', b"\xff", b"[" * 100_000]
)
def test_a_damaged_file_is_begun_anew(tmp_path, damage, caplog):
    (tmp_path / NAME).write_bytes(damage)
    assert KnownChannels(tmp_path, CONFIG).news("net", [BANNED], []) == refused(BANNED)
    assert "is not understood and begun anew" in caplog.text
    assert KnownChannels(tmp_path, CONFIG).news("net", [BANNED], []) == NOTHING


def test_a_file_that_cannot_be_written_costs_a_second_report_alone(tmp_path, caplog):
    known = KnownChannels(tmp_path / "nowhere", CONFIG)
    assert known.news("net", [BANNED], []) == refused(BANNED)
    assert "refused channels are reported once more by the next run" in caplog.text


def test_nothing_is_written_without_a_configuration_or_a_refusal(tmp_path):
    known = KnownChannels(tmp_path)
    assert known.take_out({"net": ["#a"]}) == []
    assert known.news("net", [], ["#a"]) == NOTHING
    assert list(tmp_path.iterdir()) == []


def refuse_new_after(peer, joined):
    peer.register()
    peer.join(*joined)
    peer.wait_for(rb"^JOIN \S*#new$")
    peer.send(b":scripted 473 rec #new :Cannot join channel (+i)\r\n")
    peer.wait_for_the_end()


@pytest.mark.parametrize("state", ["connected", "waiting"])
def test_a_channel_that_a_reload_adds_has_a_ledger_if_it_refuses_us(tmp_path, state):
    scripts = {
        "connected": [lambda peer: refuse_new_after(peer, ["#demo", "#tea"])],
        "waiting": [let_in_and_leave, lambda peer: refuse_new_after(peer, [])],
    }

    async def scenario():
        async with ScriptedServer(*scripts[state]) as server:
            recorder = recorder_of(tmp_path, server.port, reconnect_min=1, reconnect_max=1)
            run = asyncio.ensure_future(recorder.run())
            await in_state(recorder, state)
            await until((tmp_path / "net/#demo/LEDGER").exists)
            channels = ("#demo", "#tea", "#new")
            recorder.reload([plan_of(server.port, session={"channels": channels})])
            await until((tmp_path / "net/#new/LEDGER").exists)
            recorder.stop("enough")
            await run

    LoopClock().run(scenario())
    assert last_entry(tmp_path, "#new") == "absent"
