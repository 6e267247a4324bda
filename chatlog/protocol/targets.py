"""The targets that a network adds to those of the configuration, in bounded number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping
    from chatlog.protocol.joining import Joining
    from chatlog.protocol.overflows import Overflows

MAX_UNASKED: Final = 1000
"""Channels and queries of one network and run that its configuration does not name.

Each has a directory, a lock and a ledger. The lines of further ones are kept as
`other` in `@server`. Bouncers bring some hundred channels of their own.
"""


class AdmittedTargets:
    """The targets that one network records in this run.

    A channel of the configuration is always one; of all others the first `most` are.
    """

    def __init__(self, joining: Joining, overflows: Overflows, most: int = MAX_UNASKED) -> None:
        self._joining = joining
        self._overflows = overflows
        self._most = most
        self._unasked: set[str] = set()

    def admit(self, name: str, casemapping: Casemapping) -> bool:
        """Return whether a target is recorded; the answer for a name never changes back."""
        if self._joining.is_configured(name):
            return True
        folded = casemapping[name]
        if folded in self._unasked:
            return True
        if len(self._unasked) >= self._most:
            self._overflows.note(
                "targets",
                f"more than {self._most} channels or queries that nobody asked for;"
                " the lines of further ones are kept in @server",
            )
            return False
        self._unasked.add(folded)
        return True
