"""Log lines on stderr: problems that need a human, and unless quiet all others."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

from chatlog.cli.show.known_secrets import without_secrets
from chatlog.cli.show.log_limiter import RateLimit
from chatlog.formats.visible import printable, printable_lines


def set_up_diagnostics(*, quiet: bool, verbose: bool, look_on: bool) -> None:
    """Send log lines to stderr, at most some of each kind in a minute.

    If `look_on`, the console of the live view prints them above it.
    """
    logger = logging.getLogger("chatlog")
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    formatter = _Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    handler = _handler(look_on=look_on)
    handler.addFilter(RateLimit(time.monotonic, level=logging.WARNING))
    handler.setFormatter(formatter)
    logger.handlers[:] = [handler]
    # Python's handler of loggers without one, such as those of asyncio and other libraries.
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(formatter)


def can_look_on() -> bool:
    """Return whether stderr is a terminal on which a live view can be drawn."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in {"", "dumb", "unknown"}


class _Formatter(logging.Formatter):
    """A formatter whose lines are safe for a terminal and hold no secret of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        return printable(without_secrets(super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - as above
        return printable_lines(without_secrets(super().formatException(ei)))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - as above
        return printable_lines(without_secrets(super().formatStack(stack_info)))


def _handler(*, look_on: bool) -> logging.Handler:
    if not look_on:
        return logging.StreamHandler(sys.stderr)
    from chatlog.cli.show.live import ConsoleHandler

    return ConsoleHandler()


def end_diagnostics() -> None:
    """Report the number of log lines that were held back, before the last message."""
    for handler in logging.getLogger("chatlog").handlers:
        for each in handler.filters:
            if isinstance(each, RateLimit):
                each.finish()
