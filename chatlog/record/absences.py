"""Absences in words: the channels that did not let us in, as an error or one log line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.errors import ChatlogError, NetworkError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.protocol.joining import Absence

_NAMED: Final = 3


def absence_error(network: str, absences: Sequence[Absence]) -> ChatlogError:
    """Return the error of a batch that no channel of a network let in.

    It is RefusedError if each refused for good, else NetworkError.
    """
    kind = RefusedError if all(each.for_good for each in absences) else NetworkError
    return kind(f"{network}: no channel let us in: {_reasons(absences)}")


def absence_line(network: str, absences: Sequence[Absence], wanted: int) -> str:
    """Return the line that reports the channels of a network that did not let us in."""
    count = f"{len(absences):,} of {wanted:,} channels did not let us in"
    return f"{network}: {count}: {_reasons(absences)}; see `chatlog gaps`"


def _reasons(absences: Sequence[Absence]) -> str:
    named = [f"{each.channel}: {each.why}" for each in absences[:_NAMED]]
    more = len(absences) - len(named)
    return "; ".join([*named, f"and {more:,} more"] if more else named)
