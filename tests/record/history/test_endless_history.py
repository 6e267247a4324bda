"""Histories that never end: a fetch leaves them, and the ledger says where and why."""

from __future__ import annotations

import itertools
import re
import time

import pytest

from chatlog.event import format_time, parse_time
from chatlog.protocol.history import budget as budgets
from chatlog.protocol.history import chathistory
from chatlog.protocol.history.budget import Budget, Spending
from chatlog.read.reader import Reader
from chatlog.record.history import unasked
from chatlog.record.history.gaps import HistoryDepth
from chatlog.report.gaps import open_gaps
from tests.support.recording import play

CAPABILITIES = ("batch", "server-time", "message-tags", "draft/chathistory")
PLAYBACK = tuple(name for name in CAPABILITIES if "history" not in name)
BY_MSGID = "CHATHISTORY=5 MSGREFTYPES=timestamp,msgid"
BY_TIME = "CHATHISTORY=5 MSGREFTYPES=timestamp"
SESSION = {"channels": ("#demo",)}
LONG_AGO = int(time.time() * 1000) - 86_400_000
SMALL = Budget(pages=40, bytes=1_000_000, still=20)


@pytest.fixture(autouse=True)
def small_budget(monkeypatch):
    """Make every fetch leave early, so that a test need not fetch 10,000 pages."""
    for module in (chathistory, unasked):
        monkeypatch.setattr(module, "BUDGET", SMALL)


def line(text, at, msgid=""):
    tags = f"@batch=b;time={format_time(at)}" + (f";msgid={msgid}" if msgid else "")
    return f"{tags} :ada!a@h PRIVMSG #demo :{text}\r\n".encode()


def batch(peer, *lines, kind="chathistory", end=True):
    closing = b":scripted BATCH -b\r\n" if end else b""
    peer.send(f":scripted BATCH +b {kind} #demo\r\n".encode() + b"".join(lines) + closing)


# -- the histories: each yields its next page, whatever is asked ---------------------


def by_a_millisecond(numbers):
    """Each page is one line, a millisecond after the one before."""
    while True:
        number = next(numbers)
        yield [line(f"line {number}", LONG_AGO + number, f"m{number}")]


def at_one_time(numbers):
    """Each page has lines of one moment, with msgids that never came before."""
    while True:
        some = list(itertools.islice(numbers, 5))
        yield [line(f"line {number}", LONG_AGO, f"m{number}") for number in some]


def the_same(_numbers):
    """Each page has the same lines."""
    while True:
        yield [line(f"line {number}", LONG_AGO + number, f"m{number}") for number in range(5)]


def the_same_backwards(_numbers):
    """Each page ends with another of the same lines."""
    for turn in itertools.count():
        yield [line(f"line {n}", LONG_AGO + n, f"m{n}") for n in range(5 - turn % 3)]


def ever_more(numbers):
    """Each page is longer than the one before, and a millisecond further."""
    for size in itertools.count(1):
        some = list(itertools.islice(numbers, size % 90))
        yield [line(f"line {number}", LONG_AGO + number, f"m{number}") for number in some] or [
            line("rest", LONG_AGO + next(numbers))
        ]


def heavy(numbers):
    """Each page has long lines."""
    while True:
        some = list(itertools.islice(numbers, 90))
        yield [
            line(f"line {number} {'x' * 400}", LONG_AGO + number, f"m{number}") for number in some
        ]


ENDLESS = {
    "pages that advance by a millisecond": (by_a_millisecond, "the fetch stopped after 40 pages"),
    "one time with ever new msgids": (at_one_time, "did not get past|again and again"),
    "the same page": (the_same, "again and again"),
    "pages that go back": (the_same_backwards, "again and again|did not get past"),
    "pages that grow": (ever_more, "the fetch stopped after 40 pages"),
    "long lines": (heavy, "the fetch stopped after 0 MiB"),
}


def serving(history, numbers, tokens=BY_MSGID):
    """Let the recorder in, and answer every request with the next page, until it leaves."""

    def script(peer):
        peer.register(CAPABILITIES, tokens)
        peer.join("#demo")
        pages = history(numbers)
        while True:
            request = peer.wait_for(rb"^(CHATHISTORY|QUIT|PING :?(chatlog-arrived))")
            if request[1] == b"QUIT":
                return
            if request[2]:
                peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
            else:
                batch(peer, *next(pages))

    return script


def sync(root, *scripts, **options):
    """Fetch as `chatlog sync` does: leave when everything is dealt with."""
    return play(root, *scripts, session=SESSION, history=HistoryDepth(), linger=0, **options)


def texts(root):
    entries = Reader(root, ["#demo"]).last(100_000)
    return [each.event.text for each in entries if each.event.type == "message"]


@pytest.mark.parametrize("tokens", [BY_MSGID, BY_TIME], ids=["by msgid", "by time"])
@pytest.mark.parametrize(("history", "why"), ENDLESS.values(), ids=ENDLESS)
def test_a_history_without_end_is_left_with_what_came_and_its_gap_says_so(
    tmp_path, history, why, tokens
):
    heard, _ = sync(tmp_path, serving(history, itertools.count(), tokens))
    asked = [each for each in heard if b"CHATHISTORY" in each]
    assert len(asked) <= SMALL.pages + 2
    found = texts(tmp_path)
    assert found, "nothing was kept"
    assert len(found) == len(set(found)), "a line was kept twice"
    [gap] = open_gaps(tmp_path / "net" / "#demo").gaps
    assert re.search(why, gap.why)


def test_the_next_fetch_goes_on_where_the_last_one_stopped(tmp_path):
    numbers = itertools.count()
    sync(tmp_path, serving(by_a_millisecond, numbers))
    before, [gap] = texts(tmp_path), open_gaps(tmp_path / "net" / "#demo").gaps
    sync(tmp_path, serving(by_a_millisecond, numbers))
    found, [later, *_] = texts(tmp_path), open_gaps(tmp_path / "net" / "#demo").gaps
    assert len(found) == len(set(found)) > len(before)
    assert parse_time(later.start.time) > parse_time(gap.start.time)


def test_one_gap_that_a_fetch_stopped_in_is_reported_by_sync_though_it_was_planned(tmp_path):
    def quiet(peer):
        peer.register(CAPABILITIES, BY_MSGID)
        peer.join("#demo")
        while True:
            request = peer.wait_for(rb"^(CHATHISTORY|QUIT|PING :?(chatlog-arrived))")
            if request[1] == b"QUIT":
                return
            answer = b":scripted PONG scripted :chatlog-arrived\r\n"
            peer.send(answer) if request[2] else batch(peer)

    sync(tmp_path, quiet)
    assert open_gaps(tmp_path / "net" / "#demo").gaps == []
    sync(tmp_path, serving(the_same, itertools.count()))
    [gap] = open_gaps(tmp_path / "net" / "#demo").unreported
    assert gap.why == "the server gives the same lines again and again"


# -- playback that comes by itself --------------------------------------------------


def test_playback_without_end_is_not_waited_for_and_its_gap_says_so(tmp_path):
    numbers = itertools.count()

    def push(peer):
        peer.register(PLAYBACK)
        peer.join("#demo")
        peer.wait_for(rb"^PING :?chatlog-arrived")
        batch(peer, kind="znc.in/playback", end=False)
        # The budget is spent before the answer, or the recorder could leave before that.
        while peer.sent < 2 * SMALL.bytes:
            peer.send(some_lines())
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        while True:  # until the recorder leaves, which breaks the connection
            peer.send(some_lines())

    def some_lines():
        some = itertools.islice(numbers, 500)
        return b"".join(line(f"line {number}", LONG_AGO + number) for number in some)

    def hear(peer):
        peer.register(PLAYBACK)
        peer.join("#demo")
        peer.sync()

    play(tmp_path, hear, session=SESSION)
    sync(tmp_path, push)
    found = texts(tmp_path)
    assert len(found) == len(set(found)) > 0
    [gap] = open_gaps(tmp_path / "net" / "#demo").gaps
    assert gap.why == unasked.WITHOUT_END


# -- the budget ---------------------------------------------------------------------


@pytest.mark.parametrize("page", [100, 1000])
def test_a_hundred_thousand_missed_lines_are_well_within_the_budget(page):
    spending = Spending(budgets.BUDGET)
    for number in range(100_000 // page):
        spending.take(page * 500, format_time(number))
        assert not spending.excess(seconds=number)


def test_what_a_fetch_takes_of_a_server_is_bounded():
    assert budgets.BUDGET == (10_000, 256 * 1024 * 1024, 3600, 100)
    spending = Spending(budgets.BUDGET)
    assert spending.excess(3599) == ""
    assert spending.excess(3600) == "the fetch stopped after 60 minutes; the next one continues"
