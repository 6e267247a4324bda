"""Private conversations that are caught up: who is asked for, and what a nasty server gets."""

from __future__ import annotations

import re
import time

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.event import format_time
from chatlog.protocol.manners import MannersSettings
from chatlog.protocol.targets import MAX_UNASKED
from chatlog.read.reader import Reader
from chatlog.record.history import queries
from tests.support.recording import play

CAPABILITIES = ("batch", "server-time", "message-tags", "draft/chathistory")
TOKENS = "CHATHISTORY=5 MSGREFTYPES=timestamp,msgid"
_QUIET = 20
"""Looks of 50 ms after which a recorder asks nothing more: it waits 0.4 s for lines of a seam."""
QUIET = MannersSettings(whisper=False)
QUERIES = {"channels": ("#demo",), "queries": True, "manners": QUIET}


def now(ahead=0):
    return format_time(int(time.time() * 1000) + ahead)


def whisper(text, nick="ada", *, at="", tags=""):
    return f"@time={at or now()}{tags} :{nick}!{nick}@h PRIVMSG rec :{text}\r\n".encode()


def enter(peer):
    peer.register(CAPABILITIES, TOKENS)
    peer.join("#demo")


def first(peer):
    enter(peer)
    peer.send(whisper("heard", tags=";msgid=h1"), b"PING :heard\r\n")
    peer.wait_for(rb"^PONG :?heard")


def answer(peer, asked, history, began, targets=()):
    """Answer one request for history: that of a nick by its lines, TARGETS by names.

    The lines were said just before the connection began.
    """
    words = asked.split()
    if words[1] == b"TARGETS":
        peer.send(b":scripted BATCH +t draft/chathistory-targets\r\n")
        peer.send(*(b"@batch=t :s CHATHISTORY TARGETS %s %s\r\n" % each for each in targets))
        peer.send(b":scripted BATCH -t\r\n")
        return
    peer.send(b":scripted BATCH +b chathistory %s\r\n" % words[2])
    if words[1] == b"AFTER":
        lines = [whisper(*each, at=began) for each in history.pop(words[2], ())]
        peer.send(*(line.replace(b"@", b"@batch=b;", 1) for line in lines))
    peer.send(b":scripted BATCH -b\r\n")


def second(history, targets, requests, *, last=b"TARGETS", times=1):
    """Let the recorder in again, and answer whatever it asks, at least the last thing so often."""

    def script(peer):
        began = now()
        enter(peer)
        silent = 0
        while silent < _QUIET or sum(last in each for each in requests) < times:
            peer.send(b"PING :settled\r\n")
            found = peer.wait_for(rb"^(?:PONG :?settled|(?:@\S+ )?(CHATHISTORY .*))")
            if found[1] is None:
                silent += 1
                time.sleep(0.05)  # the recorder may be about to ask, which nothing tells
                continue
            silent = 0
            requests.append(found[1])
            answer(peer, found[1], history, began, targets)

    return script


def texts(root, nick):
    return [each.event.text for each in Reader(root, [nick]).last(10_000)]


def gaps(root, nick):
    entries = ledger.read(root / "net" / nick)
    found = coverage_of(entries, heard=lambda _: None)
    return [each.state for each in found.gaps]


def test_known_and_new_queries_are_fetched_and_each_once(tmp_path):
    history = {
        b"ada": [("missed",)],
        b"Bob": [("hello", "Bob")],
    }
    requests = []
    targets = [(b"ada", now().encode()), (b"Bob", now().encode())]
    play(tmp_path, first, second(history, targets, requests, last=b"AFTER Bob"), session=QUERIES)
    assert texts(tmp_path, "ada") == ["heard", "missed"]
    assert texts(tmp_path, "bob") == ["hello"]
    assert gaps(tmp_path, "ada") == gaps(tmp_path, "bob") == ["filled"]
    assert sum(b"TARGETS" in each for each in requests) == 1


def test_without_queries_nothing_of_private_messages_is_asked_for(tmp_path):
    requests = []
    session = {"channels": ("#demo",), "manners": QUIET}
    play(tmp_path, first, second({}, [], requests, times=0), session=session)
    assert not any(b"TARGETS" in each or b" ada " in each for each in requests)
    assert not (tmp_path / "net" / "ada").exists()


def test_a_list_without_end_is_asked_for_a_bounded_number_of_times(tmp_path, monkeypatch):
    monkeypatch.setattr(queries, "MAX_PAGES", 5)  # each is paced
    requests = []

    def names():
        count = 0
        while True:
            count += 1
            yield b"n%d" % count, format_time(int(time.time() * 1000) + count).encode()

    endless = names()

    class Endless:
        def __iter__(self):
            return iter([next(endless) for _ in range(7)])

    play(tmp_path, first, second({}, Endless(), requests, times=5), session=QUERIES)
    assert sum(b"TARGETS" in each for each in requests) == 5


@pytest.mark.parametrize("refusal", [b"FAIL CHATHISTORY INVALID_PARAMS TARGETS :no", b"421 rec X"])
def test_a_server_without_lists_costs_nothing_of_known_queries(tmp_path, refusal):
    history = {b"ada": [("missed",)]}
    asked = []

    def script(peer):
        began = now()
        enter(peer)
        while b"TARGETS" not in (asked[-1] if asked else b""):
            asked.append(peer.wait_for(rb"^(?:@\S+ )?(CHATHISTORY .*)")[1])
            if b"TARGETS" in asked[-1]:
                peer.send(b":scripted %s\r\n" % refusal)
            else:
                answer(peer, asked[-1], history, began)
        peer.send(b"PING :over\r\n")
        peer.wait_for(rb"^PONG :?over")

    play(tmp_path, first, script, session=QUERIES)
    assert texts(tmp_path, "ada") == ["heard", "missed"]


def test_names_that_cannot_be_queries_are_not_asked_for(tmp_path):
    requests = []
    odd = [b"NickServ", b"#other", b"*", b"a:b", b"$all", b"@server"]
    targets = [(name, now().encode()) for name in odd]
    play(tmp_path, first, second({}, targets, requests), session=QUERIES)
    asked = {each.split()[2] for each in requests if b"TARGETS" not in each}
    assert not asked & set(odd) - {b"a:b"}
    assert all(re.fullmatch(rb"[ -~]*", each) for each in requests)
    assert len({*(tmp_path / "net").iterdir()}) < MAX_UNASKED
