"""Parts of a message of several lines: on disk with its end, or after two seconds."""

from __future__ import annotations

from chatlog.protocol.multiline import LONGEST_WAIT
from tests.support.archive import read_all
from tests.support.loop_clock import LoopClock
from tests.support.recording import play
from tests.support.waiting import PATIENCE, eventually

CAPABILITIES = ("batch", "message-tags", "draft/multiline")
BEGIN = b"@msgid=m1 :ada!u@h BATCH +1 draft/multiline #demo\r\n"
PARTS = b"@batch=1 :ada!u@h PRIVMSG #demo :one\r\n", b"@batch=1 :ada!u@h PRIVMSG #demo :two\r\n"
END = b":ada!u@h BATCH -1\r\n"


def said(root):
    return [(event.text, event.msgid) for event in read_all(root) if event.type == "message"]


def stay(peer):
    peer.register(CAPABILITIES)
    peer.join("#demo", "#tea")
    peer.sync()


def test_a_batch_is_one_message_however_its_parts_are_read(tmp_path):
    def script(peer):
        stay(peer)
        for line in (BEGIN, *PARTS, END):
            peer.send(line)
        peer.sync()
        assert said(tmp_path) == [("one\ntwo", "m1")]

    play(tmp_path, script)


def test_parts_are_on_disk_after_two_seconds_and_a_ping_is_answered_then(tmp_path):
    clock = LoopClock()

    def script(peer):
        stay(peer)
        peer.send(BEGIN + b"".join(PARTS), b"PING :waits\r\n")
        clock.advance(LONGEST_WAIT).result(PATIENCE)
        peer.wait_for(b"^PONG :waits")
        assert said(tmp_path) == [("one", "m1"), ("two", "")]

    play(tmp_path, script, clock=clock)


def test_parts_are_on_disk_if_the_connection_or_the_run_ends_first(tmp_path):
    def cut(peer):
        stay(peer)
        peer.send(BEGIN, PARTS[0])
        peer.close()

    def stopped(peer):
        stay(peer)
        eventually(lambda: said(tmp_path) == [("one", "m1")])
        peer.send(BEGIN.replace(b"m1", b"m2"), PARTS[1])

    play(tmp_path, cut, stopped)
    assert said(tmp_path) == [("one", "m1"), ("two", "m2")]
