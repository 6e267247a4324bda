"""The queue of histories: what reaches it after its connection has ended."""

from __future__ import annotations

import asyncio

from chatlog.archive.storage import Storage
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.gap_list import Gaps
from chatlog.coverage.interval_fold import Bound
from chatlog.event import Event, Source
from chatlog.protocol.facts import HistoryPage
from chatlog.protocol.history.chathistory import answer_of
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.history.queue import HistoryQueue
from chatlog.record.intervals import NewInterval
from chatlog.write.writer import Writer

IDENTITY = Identity(nick="rec")
TIME = "2026-11-23T18:10:00.000Z"


class Intake:
    """An intake that keeps what it gets."""

    def __init__(self):
        self.texts, self.failures = [], []
        self.fail = self.failures.append

    def flush(self):
        """Write nothing."""

    def chosen(self, events, _casemapping_name):
        return events

    def write_history(self, events, _casemapping_name):
        self.texts += [event.text for event in events]


def page(text):
    event = Event(time=TIME, network="net", target="#a", type="message", nick="ada", text=text)
    return HistoryPage("#a", "chathistory", [event], answer=answer_of([event]))


def test_a_page_that_comes_after_the_end_is_written_and_a_gap_is_left_for_the_next_connection(
    tmp_path,
):
    async def scenario():
        writer, intake = Writer(Storage(root=tmp_path)), Intake()
        writer.hold("net", "#a")
        writer.set_casemapping("net", "rfc1459")
        session = Session(SessionSettings(network="net", identity=IDENTITY, channels=("#a",)))
        queue = HistoryQueue(
            session, writer, intake, None, loop=asyncio.get_running_loop(),
            send=lambda _: None, now=lambda: TIME, depth=None, on_settled=lambda: None,
        )  # fmt: skip
        queue.take(page("in time"))
        await queue.close()
        gap = Gap(Bound(TIME), TIME, GapState.OPEN, "closed")
        queue.entered(NewInterval("#a", TIME, Gaps([[gap]]), is_first=False))
        queue.take(page("late"))
        await asyncio.sleep(0)
        writer.close()
        return intake

    intake = asyncio.run(scenario())
    assert intake.texts == ["in time", "late"]
    assert intake.failures == []


def test_a_batch_leaves_lines_of_its_own_stays_out_of_the_history(tmp_path):
    here = {"user": "~log", "host": "here.test"}
    lines = {
        "our JOIN": {"type": "join", "nick": IDENTITY.nick.upper(), **here},
        "our QUIT": {"type": "quit", "nick": IDENTITY.nick, **here},
        "a mode for us": {"type": "mode", "nick": "ada", "params": (IDENTITY.nick,)},
        "what we said": {"type": "message", "nick": IDENTITY.nick, **here},
        "a stranger": {"type": "quit", "nick": IDENTITY.nick, "host": "elsewhere.test"},
        "somebody": {"type": "join", "nick": "ada", **here},
    }
    events = [
        Event(time=TIME, network="net", target="#a", text=text, **fields)
        for text, fields in lines.items()
    ]

    async def scenario(*, is_batch):
        writer, intake = Writer(Storage(root=tmp_path)), Intake()
        session = Session(SessionSettings(network="net", identity=IDENTITY, channels=("#a",)))
        session.state.be(Source(IDENTITY.nick, "~log", "here.test"))
        queue = HistoryQueue(
            session, writer, intake, None, loop=asyncio.get_running_loop(),
            send=lambda _: None, now=lambda: TIME, depth=None, on_settled=lambda: None,
            is_batch=is_batch,
        )  # fmt: skip
        await queue.close()
        queue.take(HistoryPage("#a", "chathistory", events, answer=answer_of(events)))
        writer.close()
        return intake.texts

    assert asyncio.run(scenario(is_batch=False)) == [*lines]
    assert asyncio.run(scenario(is_batch=True)) == ["what we said", "a stranger", "somebody"]
