"""Watch over a connection: a link can be dead without a word.

Asks by PING, at its own pace, whatever else is heard: the answers also tell
how long a line takes there and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio

TOKEN: Final = "chatlog"  # noqa: S105 - of a PING
_SHARE: Final = 0.6


class Watch:
    """The watch over one connection, until `stop`.

    `lag` is the latest answer's time there and back in seconds, None before
    the first. A connection on which nothing is heard for `timeout` seconds is
    aborted, and so is one whose server does not read our answers for so long. A
    machine that slept asks once more before it gives up. While we do not read,
    nothing can be heard: our PINGs then tell the server that we are there.
    """

    def __init__(self, connection: Any, timeout: float) -> None:
        self.lag: float | None = None
        self._connection = connection
        self._loop: asyncio.AbstractEventLoop = connection.reactor.loop
        self._timeout = timeout
        self._every = timeout * _SHARE
        self._patience = timeout - self._every
        self._asked_at = 0.0
        self._answered = True
        self._timer = self._loop.call_later(self._every, self._ask)

    def answered(self) -> None:
        """Note the answer to our PING, which came with the latest read."""
        if not self._answered:
            self._answered = True
            self.lag = self._connection.heard_at - self._asked_at

    def stop(self) -> None:
        """End the watch."""
        self._timer.cancel()

    def _ask(self) -> None:
        self._asked_at = self._loop.time()
        self._answered = False
        self._connection.send_raw(f"PING :{TOKEN}")
        self._timer = self._loop.call_later(self._patience, self._look)

    def _look(self) -> None:
        silent = self._connection.heard_at < self._asked_at
        if silent and not self._connection.is_paused:
            since = self._loop.time() - self._connection.heard_at
            self._connection.abort(f"ping timeout: nothing was heard for {since:.0f} s")
        elif (choked := self._choked_for()) >= self._timeout:
            self._connection.abort(f"the server has read none of our answers for {choked:.0f} s")
        else:
            # An answer that takes long is no sign of death while others are heard.
            left = max(0.0, self._every - self._patience)
            self._timer = self._loop.call_later(left, self._ask)

    def _choked_for(self) -> float:
        """Return for how many seconds the server has not read our answers."""
        since = self._connection.choked_at
        return 0.0 if since is None else self._loop.time() - since
