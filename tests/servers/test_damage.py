"""What a server says arrives damaged: the recorder stays up, and recovers when it may."""

from __future__ import annotations

import itertools

import pytest

from tests.support.mutating import MutatingProxy
from tests.support.recorded import texts
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_LINES = 1500
_AT_ONCE = 100
_BEFORE_DEATH = ("Traceback", "a bug, sorry")


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_line_neither_ends_the_recorder_nor_leaves_it_stuck(
    chatlog, tmp_path, inspircd, person, seed
):
    with MutatingProxy(inspircd.port, seed, 0.05) as proxy:
        recorder = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{proxy.port}/#a", "--network", "net",
            "--archive", tmp_path / "archive", "--retry", "--connect-timeout", "2s",
            "--timeout", "5s", "--reconnect-min", "0.1s", "--reconnect-max", "0.5s", "--verbose",
        )  # fmt: skip
        recorder.wait_for("net: in 1 of 1 channels")
        ada = person(inspircd.port, "ada").register()
        ada.join("#a")
        for start in range(0, _LINES, _AT_ONCE):
            ada.send(*(f"PRIVMSG #a :line {n} é 日本" for n in range(start, start + _AT_ONCE)))
            ada.sync()
        proxy.behave()
        hear_again(ada, tmp_path)
        assert proxy.damages.total() > 0
    recorder.terminate()
    assert recorder.finish() == 0, recorder.stderr
    assert not [word for word in _BEFORE_DEATH if word in recorder.stderr], recorder.stderr


def hear_again(ada, place):
    """Speak until it is recorded as it was said: after a while, however bad it was before."""
    numbers = itertools.count(1)

    def is_heard():
        ada.say("#a", f"all is well {next(numbers)}")
        ada.sync()
        return any(text.startswith("all is well") for text in texts(place / "archive", "#a"))

    eventually(is_heard)
