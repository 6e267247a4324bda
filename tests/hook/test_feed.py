"""The feed of a hook: the lines of a reader to a command, and the moves of the cursor."""

from __future__ import annotations

from types import SimpleNamespace

from chatlog.formats import jsonl
from chatlog.hook import feed
from chatlog.hook.feed import Feed
from chatlog.read.segment_reader import Entry
from tests.hook.test_delivery import Stops
from tests.support.archive import event_at


class Backlog:
    """A reader with pieces of three lines that were never read."""

    selected = SimpleNamespace(root="/archive")

    def __init__(self, pieces):
        self._left = pieces

    def new(self):
        if not self._left:
            return []
        self._left -= 1
        events = [event_at(3 * self._left + each, "hi") for each in range(3)]
        return [Entry(each, jsonl.encode([each])[:-1], "jsonl") for each in events]


class Kept:
    """A cursor that counts the lines that were noted since it moved."""

    def __init__(self):
        self.most = self.noted = self.taken = 0

    def was_done(self, _entry):
        return False

    def note(self, entries):
        self.noted += len(entries)
        self.taken += len(entries)
        self.most = max(self.most, self.noted)

    def keep(self, **_how):
        self.noted = 0


class Taking:
    option = "--exec-batch"

    def rest(self):
        return 0.0

    def send(self, lines, _variables, note):
        note(len(lines))


def test_the_cursor_moves_in_a_backlog_of_which_a_line_always_waits(monkeypatch):
    monkeypatch.setattr(feed, "_PIECES", 5)
    kept = Kept()
    Feed(
        Backlog(100), lambda entries: entries, Taking(), Stops(), print, most=301, cursor=kept
    ).run((), None)
    assert kept.taken == 300
    assert kept.most == 15
