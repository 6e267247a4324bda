"""Servers whose history is odd, short, endless or broken: nothing is lost, nothing claimed."""

from __future__ import annotations

import re
import time

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.entries import AskedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.errors import TranscriptError
from chatlog.event import format_time
from chatlog.protocol.privacy import PrivacySettings
from chatlog.read.reader import Reader
from chatlog.record.history.gaps import HistoryDepth
from tests.support.faults import Faulty
from tests.support.loop_clock import LoopClock
from tests.support.recording import play
from tests.support.waiting import PATIENCE, eventually

CAPABILITIES = ("batch", "server-time", "message-tags", "draft/chathistory")
TOKENS = "CHATHISTORY=5 MSGREFTYPES=timestamp,msgid"
SESSION = {"channels": ("#demo",)}
LONG = 700
"""Seconds, by the loop's clock, after which a recorder waits for nothing any more."""
UNWATCHED = {"plan_timeout": 100 * LONG}


def now(ahead=0):
    return format_time(int(time.time() * 1000) + ahead)


def tagged(text, *, at=0, tags="", nick="ada"):
    """Write a line that was said so many milliseconds from now."""
    return f"@time={now(at)}{tags} :{nick}!a@h PRIVMSG #demo :{text}\r\n".encode()


def first(peer):
    """Let the recorder in, and say two things."""
    peer.register(CAPABILITIES, TOKENS)
    peer.join("#demo")
    peer.send(tagged("heard", tags=";msgid=h1"), tagged("lol", tags=";msgid=h2"))
    peer.send(b"PING :heard\r\n")
    peer.wait_for(rb"^PONG :?heard")


def second(answer):
    """Let it in again, and answer its questions in some way, until it has heard what follows."""

    def script(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        answer(peer)
        peer.send(tagged("live"), b"PING :live\r\n")
        peer.wait_for(rb"^PONG :?live")

    return script


def batch(peer, *lines, end=True, kind="chathistory"):
    peer.send(f":scripted BATCH +b {kind} #demo\r\n".encode())
    for line in lines:
        peer.send(line.replace(b"@", b"@batch=b;", 1))
    if end:
        peer.send(b":scripted BATCH -b\r\n")


def asked(peer, what=rb"(AFTER|BEFORE)"):
    return peer.wait_for(rb"^CHATHISTORY %s #demo (\S+) (\d+)" % what)


def settle(peer, *, quietly=True):
    """Answer whatever is asked with nothing, until nothing is asked any more."""
    peer.send(b"PING :settled\r\n")
    while not re.match(rb"PONG", peer.wait_for(rb"^(PONG :?settled|CHATHISTORY)")[0]):
        batch(peer)
        peer.send(b"PING :settled\r\n")


def record(root, *scripts, **options):
    return play(root, *scripts, session=SESSION, **options)


def texts(root):
    entries = Reader(root, ["#demo"]).last(100_000)
    return [each.event.text for each in entries if each.event.type == "message"]


def gaps(root):
    return coverage_of(ledger.read(root / "net" / "#demo"), heard=lambda _: None).gaps


def missed(count, begin=0):
    return [
        tagged(f"missed {n}", at=-(count - n), tags=f";msgid=m{n}") for n in range(begin, count)
    ]


# -- answers -----------------------------------------------------------------


def test_a_page_out_of_order_is_read_in_order(tmp_path):
    def answer(peer):
        asked(peer)
        lines = missed(3)
        batch(peer, lines[2], lines[0], lines[1])
        settle(peer)
        eventually(lambda: [gap.state for gap in gaps(tmp_path)] == ["filled"])

    record(tmp_path, first, second(answer))
    assert texts(tmp_path) == ["heard", "lol", "missed 0", "missed 1", "missed 2", "live"]


def test_a_refusal_leaves_the_gap_open_and_says_why(tmp_path):
    def answer(peer):
        for _ in range(2):  # by msgid, then by time
            asked(peer)
            peer.send(b":scripted FAIL CHATHISTORY MESSAGE_ERROR AFTER #demo :no\r\n")
        settle(peer)

    record(tmp_path, first, second(answer))
    assert texts(tmp_path) == ["heard", "lol", "live"]
    [gap] = gaps(tmp_path)
    assert (gap.state, gap.why) == ("open", "the server refused: MESSAGE_ERROR")


def test_no_answer_leaves_the_gap_open_and_the_next_connection_asks_again(tmp_path):
    clock = LoopClock()

    def reasons():
        entries = ledger.read(tmp_path / "net" / "#demo")
        return [entry.why for entry in entries if isinstance(entry, AskedEntry)]

    def answer(peer):
        asked(peer)
        clock.advance(LONG).result(PATIENCE)
        eventually(lambda: "the server did not answer in time" in reasons())

    def better(peer):
        asked(peer)
        batch(peer, *missed(2))
        settle(peer)

    record(tmp_path, first, second(answer), second(better), clock=clock, **UNWATCHED)
    assert "missed 0" in texts(tmp_path)


def test_an_answer_cut_by_the_end_of_the_connection_is_kept_as_far_as_it_came(tmp_path):
    def cut(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        asked(peer)
        batch(peer, *missed(3), end=False)
        peer.send(b"PING :cut\r\n")
        peer.wait_for(rb"^PONG :?cut")

    def rest(peer):
        asked(peer)
        batch(peer, *missed(3), tagged("missed 3", tags=";msgid=m3"))
        settle(peer)

    record(tmp_path, first, cut, second(rest))
    found = texts(tmp_path)
    assert [text for text in found if text.startswith("missed")] == [
        "missed 0", "missed 1", "missed 2", "missed 3",
    ]  # fmt: skip


def test_an_answer_without_end_is_kept_and_not_waited_for(tmp_path):
    def answer(peer):
        asked(peer)
        batch(peer, *missed(1000), end=False)
        peer.send(b":scripted BATCH -b\r\n")
        settle(peer)
        eventually(lambda: "the server's answer did not end" in {gap.why for gap in gaps(tmp_path)})

    record(tmp_path, first, second(answer))
    found = texts(tmp_path)
    assert [text for text in found if text.startswith("missed")] == [
        f"missed {n}" for n in range(1000)
    ]


def test_a_page_of_which_nothing_may_be_written_is_no_end(tmp_path):
    def answer(peer):
        asked(peer)
        ignored = [
            tagged(f"noise {n}", at=n - 500, tags=f";msgid=n{n}", nick="bot") for n in range(5)
        ]
        batch(peer, *ignored)
        assert asked(peer)[2] == b"msgid=n4"
        batch(peer, tagged("missed", at=-400, tags=";msgid=m0"))
        assert asked(peer)[2] == b"msgid=m0"
        batch(peer)
        eventually(lambda: [gap.state for gap in gaps(tmp_path)] == ["filled"])

    session = {**SESSION, "privacy": PrivacySettings(ignore=("bot",))}
    play(tmp_path, first, second(answer), session=session)
    assert sorted(texts(tmp_path)) == ["heard", "live", "lol", "missed"]


def test_a_batch_inside_the_history_belongs_to_it(tmp_path):
    def answer(peer):
        asked(peer)
        peer.send(b":scripted BATCH +b chathistory #demo\r\n")
        peer.send(b"@batch=b :scripted BATCH +inner draft/multiline #demo\r\n")
        line = tagged("missed", at=-5, tags=";msgid=i1")
        peer.send(line.replace(b"@", b"@batch=inner;", 1))
        peer.send(b":scripted BATCH -inner\r\n:scripted BATCH -b\r\n")
        settle(peer)

    record(tmp_path, first, second(answer))
    assert texts(tmp_path) == ["heard", "lol", "missed", "live"]


@pytest.mark.parametrize("kind", ["chathistory", "znc.in/playback"])
def test_history_that_is_pushed_on_every_join_is_there_once(tmp_path, kind):
    lines = [tagged("lol", at=at) for at in (-9, -9, -7)]

    def push(peer):
        batch(peer, *lines, kind=kind)
        settle(peer)

    record(tmp_path, first, second(push), second(push), second(push))
    assert texts(tmp_path).count("lol") == 1 + 3


def test_a_line_that_comes_live_after_it_came_as_history_is_there_once(tmp_path):
    line = tagged("both", tags=";msgid=both")

    def answer(peer):
        asked(peer)
        batch(peer, tagged("both", tags=";msgid=both"))
        peer.send(line)
        settle(peer)

    record(tmp_path, first, second(answer))
    assert texts(tmp_path).count("both") == 1


def test_what_lies_before_a_playback_stays_open_and_says_why(tmp_path):
    offered = tuple(name for name in CAPABILITIES if "history" not in name)

    def joins_late(peer):
        peer.register(offered, TOKENS)
        peer.wait_for(rb"^JOIN")
        time.sleep(0.05)  # a gap has to have a length
        peer.send(b":rec!u@h JOIN #demo\r\n")
        peer.send(b":scripted 353 rec = #demo :rec\r\n:scripted 366 rec #demo :End\r\n")
        batch(peer, tagged("missed", at=-20), kind="znc.in/playback")
        peer.send(b"PING :pushed\r\n")
        peer.wait_for(rb"^PONG :?pushed")
        eventually(lambda: len(gaps(tmp_path)) > 1)

    record(tmp_path, first, joins_late)
    before, after = gaps(tmp_path)
    assert (before.state, after.state) == ("open", "filled")
    assert before.why.startswith("what was played back begins later")


# -- channels that are new -----------------------------------------------------


def test_a_first_fetching_that_was_cut_off_is_gone_on_with(tmp_path):
    lines = missed(12)

    def begin(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        asked(peer)
        batch(peer, lines[0])  # the oldest
        asked(peer)
        batch(peer)  # nothing before
        asked(peer)
        batch(peer, *lines[:5])
        asked(peer)

    def go_on(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        while True:
            line = peer.wait_for(rb"^CHATHISTORY \S+ #demo (\S+) \d+")[1]
            if line.startswith(b"msgid=m"):
                at = int(line[len(b"msgid=m") :])
                batch(peer, *lines[at + 1 : at + 6])
                if at == 11:
                    break
            else:
                batch(peer, *lines[:5])
        eventually(lambda: len(texts(tmp_path)) == 12)

    record(tmp_path, begin, go_on, history=HistoryDepth())
    assert texts(tmp_path) == [f"missed {n}" for n in range(12)]


def test_a_first_fetching_that_could_not_even_begin_is_begun_by_the_next(tmp_path):
    def refuse(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        asked(peer)

    def give(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        asked(peer)
        batch(peer, *missed(1))
        asked(peer)
        batch(peer)
        asked(peer)
        batch(peer, *missed(1))
        settle(peer)
        eventually(lambda: texts(tmp_path) == ["missed 0"])

    record(tmp_path, refuse, give, history=HistoryDepth())


# -- where we are --------------------------------------------------------------


def test_who_is_removed_without_a_word_finds_out_and_comes_back(tmp_path):
    clock = LoopClock()

    def answer(peer, channels):
        peer.sync()
        clock.advance(LONG)
        peer.wait_for(rb"^WHOIS rec")
        if channels:
            peer.send(f":scripted 319 rec rec :{channels}\r\n".encode())
        peer.send(b":scripted 318 rec rec :End of /WHOIS list\r\n")

    def script(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo", "#tea")
        peer.send(tagged("heard", tags=";msgid=h1"))
        answer(peer, "@#demo +#tea")
        answer(peer, "#tea")
        peer.join("#demo")
        peer.send(tagged("back"), b"PING :back\r\n")
        peer.wait_for(rb"^PONG :?back")

    session = {"channels": ("#demo", "#tea")}
    play(tmp_path, script, session=session, clock=clock, **UNWATCHED)
    assert [gap.cause for gap in gaps(tmp_path)][:1] == ["removed"]
    tea = coverage_of(ledger.read(tmp_path / "net" / "#tea"), heard=lambda _: None)
    assert tea.gaps == []
    server = Reader(tmp_path, ["@server"]).last(100)
    assert not [each for each in server if each.event.command in {"318", "319"}]


def test_a_server_that_knows_no_whois_is_not_asked_again(tmp_path):
    clock = LoopClock()

    def script(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        peer.sync()
        clock.advance(LONG)
        peer.wait_for(rb"^WHOIS rec")
        peer.send(b":scripted 421 rec WHOIS :Unknown command\r\nPING :known\r\n")
        peer.wait_for(rb"^PONG :?known")
        clock.advance(10 * LONG).result(PATIENCE)
        peer.sync()

    heard, _ = record(tmp_path, script, clock=clock, **UNWATCHED)
    known = next(n for n, line in enumerate(heard) if line.startswith(b"PONG") and b"known" in line)
    assert not [line for line in heard[known:] if line.startswith(b"WHOIS")]


def test_who_is_kicked_and_banned_says_so_of_the_gap(tmp_path):
    def script(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        peer.send(b":op!o@h KICK #demo rec :out\r\nPING :kicked\r\n")
        peer.wait_for(rb"^PONG :?kicked")
        peer.send(b":scripted 474 rec #demo :Cannot join channel (+b)\r\nPING :banned\r\n")
        peer.wait_for(rb"^PONG :?banned")

    record(tmp_path, script)
    entries = ledger.read(tmp_path / "net" / "#demo")
    closed = [entry.cause for entry in entries if entry.entry == "closed"]
    assert closed == ["kicked"]
    absent = [entry.why for entry in entries if entry.entry == "absent"]
    assert absent[0].startswith("kicked by op (out)")
    assert "(474)" in absent[-1]


# -- a disk that refuses ----------------------------------------------------------


def test_lines_that_a_full_disk_took_along_are_not_claimed_to_be_heard(tmp_path):
    clock, directory, full = LoopClock(), tmp_path / "net" / "#demo", []
    faulty = Faulty(lambda name, _nth: bool(full) and name == "write")

    def script(peer):
        peer.register(CAPABILITIES, TOKENS)
        peer.join("#demo")
        peer.send(tagged("kept"))
        peer.sync()
        clock.advance(60)
        eventually(lambda: ledger.read(directory))
        full.append(True)
        peer.send(tagged("lost", at=10_000))
        peer.sync()

    with pytest.raises(TranscriptError, match="could not be saved"):
        record(tmp_path, script, system=faulty.system, clock=clock)
    assert texts(tmp_path) == ["kept"]
    entries = ledger.read(directory)
    assert [entry.entry for entry in entries] == ["opened"], "its end could not be written either"
    coverage = coverage_of(entries, heard=LastHeard(tmp_path).bounds(directory, "net"))
    [kept] = Reader(tmp_path, ["#demo"]).last(1)
    [interval] = coverage.intervals
    assert interval.end.time in {kept.event.time, kept.event.received}
