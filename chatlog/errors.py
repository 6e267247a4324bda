"""The errors that a person meets, each with the exit status that it ends with.

Every expected failure is a `ChatlogError`: its text is one line that says what
is wrong and what to do next. Anything else that reaches the boundary in `cli`
is a bug and ends with status 70.
"""

from __future__ import annotations


class ChatlogError(Exception):
    """An expected failure: one line for a person, one exit status.

    `is_reported` means that the line was printed before, by this run or an earlier one.
    """

    exit_status = 1
    is_reported = False


class NothingFoundError(ChatlogError):
    """It ran and the answer is no."""


class UsageError(ChatlogError):
    """An option, a configuration or a query that makes no sense."""

    exit_status = 2


class TranscriptError(ChatlogError):
    """A transcript could not be read or written."""

    exit_status = 3


class NetworkError(ChatlogError):
    """The network refused for now; a later try may succeed."""

    exit_status = 4


class HeldError(ChatlogError):
    """Another recorder holds this transcript."""

    exit_status = 5


class RefusedError(ChatlogError):
    """The network refused for good; retrying will not help."""

    exit_status = 6
