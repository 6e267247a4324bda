"""The meaning of a server's last ERROR: whether, when and how to reconnect.

The texts are those of the servers in use; what no row knows is taken for an
accident, after which one may come back.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Verdict(NamedTuple):
    """The consequence of a disconnection's reason.

    `for_good` means never to come back; `least` is how many seconds to stay
    away at least; `flooded` that we talked too fast.
    """

    for_good: bool = False
    least: float = 0.0
    flooded: bool = False


ACCIDENT: Final = Verdict()

_VERDICTS: Final[tuple[tuple[str, Verdict], ...]] = (
    # What an operator says in a KILL is not the server's own verdict.
    (r"\bkilled?\b|\bkill:", Verdict(least=60)),
    (r"excess flood|recvq|flooding|throttled for|command rate", Verdict(least=30, flooded=True)),
    (
        (
            r"throttl|reconnect(?:ing)? too fast|too (?:many|fast)|try again later"
            r"|trying to reconnect|sendq|server full|no more connections"
            r"|connection limit|session limit"
        ),
        Verdict(least=60),
    ),
    (
        (
            r"\b(?:[kgzqdx]|ak|sh)-?line|\bakill|\bbanned\b|you are not welcome|dnsbl|open proxy"
            r"|not authori[sz]ed|no authorization|bad password|password (?:incorrect|mismatch)"
            r"|invalid password|access denied"
        ),
        Verdict(for_good=True),
    ),
)


def judge(reason: str) -> Verdict:
    """Return the consequence of a reason that the server gave in ERROR."""
    for pattern, verdict in _VERDICTS:
        if re.search(pattern, reason, re.IGNORECASE):
            return verdict
    return ACCIDENT
