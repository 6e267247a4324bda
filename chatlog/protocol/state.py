"""The state of a session while it is connected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from chatlog.casemapping import PREFIXES
from chatlog.event import SERVER, Source
from chatlog.protocol.copy_budget import CopyBudget
from chatlog.protocol.history.bare_playback import BarePlayback
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.join_line import is_joinable
from chatlog.protocol.membership import Membership
from chatlog.protocol.names_lists import NamesLists
from chatlog.protocol.targets import MAX_UNASKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from chatlog.protocol.line import Line
    from chatlog.protocol.overflows import Overflows
    from chatlog.protocol.targets import AdmittedTargets

_MOST_PREFIXES: Final = 8
"""Prefixes before a channel that are looked at; servers have five kinds."""


class State:
    """Our nick and channels on one connection, their members, and the server's ISUPPORT.

    `capabilities` are those that the server acknowledged so far. `wants` tells whether a
    name is that of a channel to record. `places` collects those of our channels that a WHOIS
    of ours tells, and is None unless one is under way; `modes_asked` are those whose modes
    we asked for; `whox` is the folded name of the one whose members we asked for, or "".
    """

    def __init__(
        self,
        *,
        network: str,
        nick: str,
        queries: bool,
        capabilities: AbstractSet[str],
        wants: Callable[[str], bool],
        targets: AdmittedTargets,
        overflows: Overflows,
    ) -> None:
        self.network = network
        self.queries = queries
        self.capabilities = capabilities
        self._wants = wants
        self.isupport = ISupport()
        self.membership = Membership(
            self.isupport.casemapping, on_give_up=partial(_note_given_up, overflows)
        )
        self.names_lists = NamesLists()
        self.places: set[str] | None = None
        self.modes_asked: set[str] = set()
        self.whox = ""
        self.copies = CopyBudget()
        self._queries: dict[str, str] = {}
        self._targets = targets
        self._overflows = overflows
        self.bare_playback = BarePlayback()
        self.be(Source(nick))

    def be(self, source: Source) -> None:
        """Set our own nick, user and host."""
        self.me = source
        self._casemapping = self.isupport.casemapping
        self._my_nick = self._casemapping[source.nick]

    def is_me(self, nick: str) -> bool:
        """Return whether a nick is ours."""
        return self._casemapping[nick] == self._my_nick

    def is_channel(self, name: str) -> bool:
        """Return whether a name is a channel: by its first character, or as one to record."""
        return self.isupport.is_channel(name) or self._wants(name)

    def channel_said_to(self, target: str) -> tuple[str, str]:
        """Split a target into STATUSMSG prefix and channel, "" if we are not in it.

        Servers send to `@#chan` without advertising STATUSMSG, too.
        """
        if name := self.membership.name(target):  # nearly always
            return "", name
        prefixes = len(target) - len(target.lstrip(PREFIXES))
        for length in range(1, min(prefixes, _MOST_PREFIXES) + 1):
            if name := self.membership.name(target[length:]):
                return target[:length], name
        return self.isupport.split_statusmsg(target)[0], ""

    def receive_isupport(self, tokens: Iterable[str]) -> bool:
        """Apply the tokens of one RPL_ISUPPORT; return whether the CASEMAPPING changed."""
        before = self.isupport.casemapping
        self.isupport.receive(tokens)
        if self.isupport.casemapping is before:
            return False
        self.membership.refold(self.isupport.casemapping)
        self.be(self.me)
        return True

    def admits(self, target: str) -> bool:
        """Return whether a target may be recorded: a network adds a bounded number."""
        return self._targets.admit(target, self.isupport.casemapping)

    def admits_channel(self, name: str) -> bool:
        """Return whether a server may give a channel of ours this name, or send us there."""
        return self.is_channel(name) and is_joinable(name) and self.admits(name)

    def query_name(self, nick: str) -> str:
        """Return the name of a query: the nick as it was spelled first, in this connection."""
        folded = self.isupport.casemapping[nick]
        if folded not in self._queries and len(self._queries) <= MAX_UNASKED:
            self._queries[folded] = nick
        return self._queries.get(folded, nick)

    def channels_of(self, line: Line) -> list[str]:
        """Return the targets of a line that concerns a person on the whole network."""
        if line.history_of:
            return [line.history_of]
        return self.membership.channels_of(line.source.nick) or [SERVER]

    def channels_to_tell(self, line: Line) -> list[str]:
        """Return the same for a line that a server may repeat: `@server` beyond the budget."""
        channels = self.channels_of(line)
        if len(channels) == 1:  # nearly always, and no copy
            return channels
        if self.copies.allows(len(channels), sum(map(len, line.params)), line.now):
            return channels
        self._overflows.note(
            "copies",
            "changes of people who are in many channels come too fast;"
            " until they slow down, each is kept once, in @server",
        )
        return [SERVER]


def _note_given_up(overflows: Overflows, channel: str) -> None:
    overflows.note(
        "members",
        f"{channel} has more members than can be kept; its list is given up and incomplete,"
        " and who quits there is kept in @server",
    )
