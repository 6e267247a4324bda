"""Absences in words: the channels that did not let us in, as an error or one log line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import ChatlogError, NetworkError, RefusedError
from chatlog.protocol import numerics
from chatlog.protocol.join_answers import REMOVED, SILENT, UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatlog.protocol.wanted import Absence

_NAMED: Final = 3
_CAUSES: Final = {
    UNANSWERED: "no answer yet",
    SILENT: "no answer to JOIN",
    REMOVED: "thrown out",
    numerics.ERR_NOSUCHCHANNEL: "no such channel",
    numerics.ERR_TOOMANYCHANNELS: "we are in too many channels",
    numerics.ERR_CHANNELISFULL: "full",
    numerics.ERR_INVITEONLYCHAN: "invitation only",
    numerics.ERR_BANNEDFROMCHAN: "banned",
    numerics.ERR_BADCHANNELKEY: "wrong key, or none",
    numerics.ERR_NEEDREGGEDNICK: "for registered nicks only",
    numerics.ERR_SECUREONLYCHAN: "for TLS only",
    numerics.ERR_OPERONLY: "for operators only",
}
"""Causes of absences in words; any other is told in the words of the server."""


class News(NamedTuple):
    """The channels that refuse us and were not reported, and those that let us in again."""

    refused: Sequence[Absence] = ()
    back: Sequence[str] = ()


def absence_error(network: str, absences: Sequence[Absence], wanted: int) -> ChatlogError:
    """Return the error of a batch that some channels of a network did not let in.

    It is RefusedError if each of them refused for good, else NetworkError.
    """
    kind = RefusedError if all(each.for_good for each in absences) else NetworkError
    if len(absences) == wanted:
        return kind(f"{network}: no channel let us in: {_reasons(absences)}")
    return kind(f"{network}: {_refusals(absences)}; {_count(len(absences), wanted)}")


def arrival_line(network: str, absences: Sequence[Absence], joined: int, wanted: int) -> str:
    """Return the line for the moment when every channel has let us in, or refused."""
    causes = _first(absences, lambda each: f"{each.channel} refused: {cause_of(each)}")
    return "; ".join([f"{network}: in {joined:,} of {wanted:,} channels", *causes])


def news_line(network: str, news: News, absences: int, wanted: int) -> str:
    """Return the line that reports channels that refuse us since now, or let us in again."""
    told = [_refusals(news.refused)] if news.refused else []
    if news.back:
        named = ", ".join(news.back[:_NAMED])
        more = len(news.back) - _NAMED
        verb = "lets" if len(news.back) == 1 else "let"
        told.append(f"{named}{f' and {more:,} more' if more > 0 else ''} {verb} us in again")
    return f"{network}: {'; '.join([*told, _count(absences, wanted)])}"


def _refusals(absences: Sequence[Absence]) -> str:
    if len(absences) == 1:
        return f"{absences[0].channel} refuses us: {absences[0].why}"
    return f"{len(absences):,} channels refuse us: {_reasons(absences)}"


def _count(absences: int, wanted: int) -> str:
    return f"{wanted - absences:,} of {wanted:,} channels let us in"


def _reasons(absences: Sequence[Absence]) -> str:
    return "; ".join(_first(absences, lambda each: f"{each.channel}: {each.why}"))


def _first(absences: Sequence[Absence], told: Callable[[Absence], str]) -> list[str]:
    """Return the first absences in words, and the number of the others."""
    more = len(absences) - _NAMED
    return [*map(told, absences[:_NAMED]), *([f"and {more:,} more"] if more > 0 else [])]


def cause_of(absence: Absence) -> str:
    """Return the cause of an absence in our words, or in the server's if we have none."""
    return _CAUSES.get(absence.cause, absence.why)
