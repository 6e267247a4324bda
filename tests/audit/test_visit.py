"""A visit of one network to audit it; tests/cli/commands/test_audit.py has the command."""

from __future__ import annotations

import pytest

from chatlog.audit import visit as module
from chatlog.audit.compare import Stretch
from chatlog.audit.visit import audit
from chatlog.clock import now
from chatlog.errors import NetworkError
from chatlog.record.sinks import NullSink
from tests.support.recording import plan_of
from tests.support.scripted import ScriptedServer

CAPABILITIES = ("batch", "server-time", "message-tags", "draft/chathistory")
SINCE, UNTIL = "2026-11-23T18:00:00.000Z", "2026-11-23T19:00:00.000Z"


def history(peer, *lines):
    """Answer the next request for history with these lines of #demo."""
    peer.wait_for(rb"^CHATHISTORY \S+ #demo")
    peer.send(b":scripted BATCH +b chathistory #demo\r\n")
    peer.send(*[b"@batch=b;time=%s :ada!a@h PRIVMSG #demo :%s\r\n" % line for line in lines])
    peer.send(b":scripted BATCH -b\r\n")


def serve(peer):
    peer.register(CAPABILITIES, "CHATHISTORY=5")
    peer.join("#demo")
    history(peer)  # the line before the stretch
    history(peer, (b"2026-11-23T18:30:00.000Z", b"said"))
    history(peer)
    peer.wait_for(rb"^PING :chatlog-arrived")
    peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
    peer.wait_for(rb"^QUIT")


def visit(root, script, within=20, channels=("#demo",), watch=None):
    """Audit channels of a network whose transcript is in `root`."""

    with ScriptedServer(script) as server:
        plan = plan_of(server.port, session={"channels": channels})
        stretch = Stretch(root, SINCE, UNTIL)
        return audit(plan, now=now, stretches=lambda _target: stretch, within=within, watch=watch)


def test_a_visit_returns_the_findings_of_each_channel_and_writes_nothing(tmp_path):
    [findings] = visit(tmp_path, serve)
    assert (findings.target, findings.asked, findings.why) == ("#demo", 1, "")
    assert [event.text for event in findings.missing] == ["said"]
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_the_intake_ends_the_visit_with_its_error(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr(NullSink, "write_all", fail)

    def let_in(peer):
        peer.register(CAPABILITIES)
        peer.wait_for_the_end()

    with pytest.raises(RuntimeError, match="a bug"):
        visit(tmp_path, let_in)


def test_who_watches_hears_of_the_dial_and_of_the_lines_of_each_channel(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_REPORTED_EVERY", 0)
    told = []
    visit(tmp_path, serve, watch=lambda *state: told.append(state))
    assert told[0][0].startswith("net: connecting to 127.0.0.1:")
    assert ("net/#demo, lines compared: 1", 0) in told
    assert {done for _, done in told} <= {0, 1}


REFUSED = b":scripted 474 rec #%s :Cannot join channel (+b)\r\n"


def test_a_channel_that_refuses_is_named_with_its_reason(tmp_path):
    def refuse_tea(peer):
        peer.register(CAPABILITIES, "CHATHISTORY=5")
        peer.wait_for(rb"^JOIN #demo,#tea$")
        peer.send(b":rec!u@h JOIN #demo\r\n", REFUSED % b"tea")
        for _ in range(2):
            history(peer)
        peer.wait_for(rb"^PING :chatlog-arrived")
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        peer.wait_for(rb"^QUIT")

    compared, refused = visit(tmp_path, refuse_tea, channels=("#demo", "#tea"))
    assert (compared.target, compared.why) == ("#demo", "")
    assert (refused.target, refused.why) == ("#tea", "Cannot join channel (+b) (474); asking again")
    assert refused.differs


def test_a_visit_that_no_channel_lets_in_ends_with_the_reason(tmp_path):
    def refuse(peer):
        peer.register(CAPABILITIES)
        peer.wait_for(rb"^JOIN #demo")
        peer.send(REFUSED % b"demo")
        peer.wait_for(rb"^PING :chatlog-arrived")
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        peer.wait_for(rb"^QUIT")

    with pytest.raises(NetworkError, match="net: no channel let us in: #demo: Cannot join"):
        visit(tmp_path, refuse)


def test_a_visit_whose_time_is_up_before_the_welcome_says_what_it_waited_for(tmp_path):
    def say_nothing(peer):
        peer.wait_for_the_end()

    with pytest.raises(NetworkError, match="it waited for any answer of 127"):
        visit(tmp_path, say_nothing, within=1)
