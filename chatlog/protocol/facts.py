"""Facts: consequences of a message that are neither events nor replies; and the Turn of a read.

A fact is a frozen record of one change that code outside the session acts on: a
channel joined or left, a page of history, the welcome, a refusal. The driver of
the connection looks up a fact's handler by its type.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - a field of a Struct

import msgspec

from chatlog.event import Event  # noqa: TC001 - a field of a Struct
from chatlog.protocol.history.chathistory import Answer
from chatlog.protocol.refusals import ACCIDENT, Verdict

# -- the connection ----------------------------------------------------------------


class Welcomed(msgspec.Struct, frozen=True):
    """The end of the registration: the server let us in (RPL_WELCOME), once a connection."""

    nick: str


class RegistrationRefused(msgspec.Struct, frozen=True):
    """The end of a registration that failed, once a connection; `reason` is for a person."""

    reason: str


class TlsRequired(msgspec.Struct, frozen=True):
    """The server's STS policy on a plain connection, once: it is to be reached by TLS alone.

    No later message of the connection counts.
    See https://ircv3.net/specs/extensions/sts
    """


class PolicyDeclared(msgspec.Struct, frozen=True):
    """The server's STS policy on a connection by TLS, which counts from now on.

    See https://ircv3.net/specs/extensions/sts
    """


class Challenged(msgspec.Struct, frozen=True):
    """A SASL challenge whose response takes long to compute.

    `respond` may run in any thread and never raises. Its result goes to
    `Session.go_on`; until then the session takes no other challenge.
    """

    respond: Callable[[], bytes | str]


class BoundExceeded(msgspec.Struct, frozen=True):
    """A bound that the server exceeded, once a run; `consequence` is for a person."""

    consequence: str


class Pong(msgspec.Struct, frozen=True):
    """The server's answer to a PING of ours, with the token of that PING."""

    token: str


class ErrorReceived(msgspec.Struct, frozen=True):
    """The server's reason to end the connection: an ERROR, or that we are banned (465).

    An ERROR `ends` the connection; after a 465, one follows. `verdict` is what follows
    from the reason as it came: in `reason` itself the secrets are hidden.
    """

    reason: str
    ends: bool = True
    verdict: Verdict = ACCIDENT


class ReconnectRequested(msgspec.Struct, frozen=True):
    """The server's request to leave and connect again (RECONNECT)."""


class Disconnected(msgspec.Struct, frozen=True):
    """The end of the connection; always its last fact."""

    reason: str


# -- our channels ------------------------------------------------------------------
#
# `time` and `received` are those of the event that tells the same: where `received`
# is empty, `time` is by our clock, and otherwise by the server's.


class Joined(msgspec.Struct, frozen=True):
    """The server's word that we are now in a channel, spelled as the server does."""

    channel: str
    time: str
    received: str = ""
    msgid: str = ""


class Left(msgspec.Struct, frozen=True):
    """The server's word that we left a channel, or were `kicked` from it.

    `wanted` tells whether the channel is still one to record.
    """

    channel: str
    time: str
    received: str = ""
    kicked: bool = False
    wanted: bool = True


class Renamed(msgspec.Struct, frozen=True):
    """The new name of a channel that we are in.

    See https://ircv3.net/specs/extensions/channel-rename
    """

    channel: str
    onto: str
    time: str
    received: str = ""
    msgid: str = ""


class RoomShown(msgspec.Struct, frozen=True):
    """The id of the room that a channel is, which outlives its name.

    See https://dev.twitch.tv/docs/chat/irc/#roomstate-tags
    """

    channel: str
    room: str


class Absent(msgspec.Struct, frozen=True):
    """A new reason why we are not in a channel to record: refused, kicked, no answer.

    `for_good` means that we do not ask again.
    """

    channel: str
    why: str
    for_good: bool = False


class Forwarded(msgspec.Struct, frozen=True):
    """A channel to record that the server exchanged for another one."""

    channel: str
    onto: str


class Invited(msgspec.Struct, frozen=True):
    """An invitation of ours, and the consequence in words: we come, or why we do not."""

    channel: str
    why: str
    accepted: bool = False


class InvitationsChanged(msgspec.Struct, frozen=True):
    """A change of the channels that we came into on invitation; it is to outlive this run."""


class Proved(msgspec.Struct, frozen=True):
    """The channels in which the server says that we are, in answer to WHOIS."""

    channels: list[str]


# -- history -------------------------------------------------------------------------


class HistoryPage(msgspec.Struct, frozen=True):
    """Lines of the past of one target, in the order in which they came.

    `answer` counts every line that came, also those that privacy keeps out.
    `label` is that of the request. The page that ends a batch `is_whole`; a long
    batch comes in several pages, each with lines of its own. A page that is not
    `batched` holds lines that came outside any batch.
    """

    target: str
    via: str
    events: list[Event]
    label: str = ""
    batched: bool = True
    is_whole: bool = True
    answer: Answer = Answer()


class HistoryRefused(msgspec.Struct, frozen=True):
    """A FAIL in answer to a request for history.

    See https://ircv3.net/specs/extensions/standard-replies
    """

    code: str
    target: str
    label: str = ""


class HistoryTargets(msgspec.Struct, frozen=True):
    """The people who wrote to us, in answer to a request; `lines` counts channels as well.

    `last` is the latest time of the list.
    """

    names: tuple[str, ...]
    lines: int
    last: str = ""
    label: str = ""


class PlaybackLimits(msgspec.Struct, frozen=True):
    """The bounds of a target's playback: at most `lines` of the last `seconds`."""

    target: str
    lines: int
    seconds: int


HistoryFact = HistoryPage | HistoryRefused | HistoryTargets | PlaybackLimits
"""The facts for the consumer of a connection's history."""

Fact = (
    Welcomed
    | RegistrationRefused
    | TlsRequired
    | PolicyDeclared
    | Challenged
    | BoundExceeded
    | Pong
    | ErrorReceived
    | ReconnectRequested
    | Disconnected
    | Joined
    | Left
    | Renamed
    | RoomShown
    | Absent
    | Forwarded
    | Invited
    | InvitationsChanged
    | Proved
    | HistoryFact
)


class Turn(msgspec.Struct):
    """The consequences of the messages of one read, or of a part of a long one, in order.

    `events` go to the transcripts, `replies` are lines to send once the events
    are written, `facts` are acted on last.

    The caller owns the Turn and passes it to each call of the session, which only
    appends to it and keeps no reference after the call. The driver takes it at the
    end of each read and begins a new one. One serves a whole read, because three
    lists for each line would slow down the fast lane.
    """

    events: list[Event] = []
    replies: list[str] = []
    facts: list[Fact] = []
