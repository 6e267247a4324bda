"""Answers to a JOIN that failed, each with the wait before the next: a table."""

from __future__ import annotations

from typing import Final, NamedTuple

from chatlog.protocol import numerics

UNANSWERED: Final = "unanswered"
"""The cause of an absence before any answer to our JOIN."""

SILENT: Final = "silent"
"""The cause of an absence after a JOIN that nothing answered in time."""

REMOVED: Final = "removed"
"""The cause of an absence after we were thrown out."""

REFUSING_NOTHING: Final = frozenset({UNANSWERED, SILENT, REMOVED})
"""The causes that are no word of the server about a JOIN of ours."""


class Again(NamedTuple):
    """Seconds until a JOIN is repeated: the first time, and at most."""

    first: float
    most: float

    def after(self, refusals: int) -> float:
        """Return the wait after a refusal, which doubles with each one before it."""
        return min(self.most, self.first * 2.0 ** min(refusals, 30))


_SOON: Final = Again(60, 1800)
_SLOWLY: Final = Again(900, 900)

REFUSALS: Final[dict[str, Again | None]] = {
    numerics.ERR_NOSUCHCHANNEL: None,
    numerics.ERR_TOOMANYCHANNELS: None,
    numerics.ERR_TOOMANYTARGETS: _SOON,
    numerics.ERR_UNAVAILRESOURCE: _SOON,
    numerics.ERR_LINKCHANNEL: _SOON,
    numerics.ERR_CHANNELISFULL: _SOON,
    numerics.ERR_INVITEONLYCHAN: _SLOWLY,
    numerics.ERR_BANNEDFROMCHAN: _SLOWLY,
    numerics.ERR_BADCHANNELKEY: _SLOWLY,
    numerics.ERR_BADCHANMASK: None,
    numerics.ERR_NEEDREGGEDNICK: _SLOWLY,
    numerics.ERR_BADCHANNAME: None,
    numerics.ERR_THROTTLE: _SOON,
    numerics.ERR_KILLDENY: _SLOWLY,
    numerics.ERR_SECUREONLYCHAN: _SLOWLY,
    numerics.ERR_DELAYREJOIN: _SOON,
    numerics.ERR_TOOMANYJOINS: _SOON,
    numerics.ERR_OPERONLY: _SLOWLY,
}
"""Answers to a JOIN that failed, each with the wait before the next; None is never.

Any other error that names a channel we asked for is taken for `UNKNOWN_REFUSAL`.
"""

UNKNOWN_REFUSAL: Final = _SOON
"""The wait after an answer that no row of `REFUSALS` knows: servers invent numbers."""
