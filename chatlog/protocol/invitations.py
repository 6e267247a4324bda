"""Invitations: who may invite us into which channels, and the channels that we came into so.

Pure. What it keeps of a channel outlives the run: the caller restores it, and writes it
again after an `InvitationsChanged`. A server, or people with many clones, can send any
number of invitations: those that we follow are bounded by time, and so are the facts
about those that we do not.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import Source, is_time, parse_time
from chatlog.protocol.facts import InvitationsChanged, Invited
from chatlog.protocol.join_line import is_joinable
from chatlog.protocol.masks import Masks, glob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping
    from chatlog.protocol.facts import Fact
    from chatlog.protocol.line import Line

OPERATORS: Final = "ops"
"""The word for all operators of the channel, in the list of those who may invite us."""

ACCOUNT: Final = "account:"
"""The beginning of an account's name in that list."""

MAX_AN_HOUR: Final = 30
"""Invitations of all people that we follow in an hour."""

MAX_BY_HOST: Final = 10
"""Invitations from one host that we follow in an hour."""

MAX_KEPT: Final = 2000
"""Channels that are kept for the next run."""

MAX_TOLD: Final = 20
"""Invitations in an hour whose refusal is reported."""

_HOUR: Final = 3_600_000
_AGAIN: Final = 60_000  # milliseconds between two JOINs of one channel for invitations
_LONGEST: Final = 400  # characters that are kept of a reason or a source


class InvitationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The people who may invite us, and the channels and people who may not.

    `allow` holds masks of people, `account:NAME` and `ops`; if it is empty, anybody may.
    `block` holds masks of people and of channels. `notice` is for a channel that we joined
    on invitation; `{nick}` in it is who invited us. After `kicks` from such a channel, we
    do not come back.
    """

    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    notice: str = ""
    kicks: int = 3


class Invitation(msgspec.Struct, omit_defaults=True):
    """A channel that we came into on invitation: by whom, when, and how often it kicked us.

    `by` is `nick!user@host`. If it is `over`, we do not come back; `reason` is that of the
    last kick.
    """

    channel: str
    by: str = ""
    at: str = ""
    kicks: int = 0
    reason: str = ""
    over: bool = False


class Invitations:
    """The invitations of one network. Unless they are `accepted`, none is followed."""

    def __init__(self, settings: InvitationSettings, *, accepted: bool) -> None:
        self._known: dict[str, Invitation] = {}
        self._unproven: dict[str, str] = {}  # who has to be an operator, by channel
        self._greeting_due: set[str] = set()
        self._followed: deque[tuple[int, str]] = deque(maxlen=MAX_AN_HOUR)
        self._told: deque[int] = deque(maxlen=MAX_TOLD)
        self._asked: dict[str, int] = {}
        self._casemapping: Casemapping | None = None
        self.apply(settings, accepted=accepted)

    def apply(self, settings: InvitationSettings, *, accepted: bool) -> None:
        """Replace the settings."""
        self._settings = settings
        self._accepted = accepted
        self._casemapping = None
        allow = [
            each for each in settings.allow if each != OPERATORS and not each.startswith(ACCOUNT)
        ]
        self._allowed = Masks(allow)
        self._blocked = Masks(each for each in settings.block if not is_channel_mask(each))
        self._allowed_accounts = {
            each.removeprefix(ACCOUNT).lower()
            for each in settings.allow
            if each.startswith(ACCOUNT)
        }

    # -- from run to run -----------------------------------------------------------

    def restore(self, kept: Iterable[Invitation]) -> None:
        """Take the channels of earlier runs, except those that cannot be or are too many.

        A person may have edited the file.
        """
        possible = (
            each for each in kept if _is_name(each.channel) and (not each.at or is_time(each.at))
        )
        self._known = {_key(each.channel): each for each in islice(possible, MAX_KEPT)}

    def known(self) -> list[Invitation]:
        """Return the channels to keep for the next run."""
        return list(self._known.values())

    def wanted(self, casemapping: Casemapping) -> list[str]:
        """Return the channels to be in: those that did not throw us out, and are not blocked."""
        if not self._accepted:
            return []
        return [
            each.channel
            for each in self._known.values()
            if not each.over
            and not self._is_blocked(Source.parse(each.by), each.channel, casemapping)
        ]

    # -- occurrences ---------------------------------------------------------------

    def allows(self, line: Line, channel: str, casemapping: Casemapping) -> bool:
        """Return whether to follow an invitation to a channel that we do not record yet."""
        return self._accepted and not self._reason_against(line, channel, casemapping)

    def follow(self, line: Line, channel: str, casemapping: Casemapping) -> list[Fact]:
        """Keep an invitation that is allowed, and return its facts.

        Who invited us may still have to prove to be an operator.
        """
        source, key = line.source, _key(channel)
        self._followed.append((parse_time(line.now), source.host))
        if not self._is_allowed(line, casemapping):
            self._unproven[key] = source.nick
        by = f"{source.nick}!{source.user}@{source.host}"[:_LONGEST]
        before = self._known.pop(key, None) or Invitation(channel)
        self._known[key] = msgspec.structs.replace(before, by=by, at=line.now)
        self._greeting_due.add(key)
        return [Invited(channel, f"invited by {by}", accepted=True), InvitationsChanged()]

    def refusal(self, line: Line, channel: str, casemapping: Casemapping) -> list[Fact]:
        """Return the fact of an invitation that we do not follow; none beyond some an hour."""
        now = parse_time(line.now)
        is_flood = len(self._told) == MAX_TOLD and _is_recent(self._told[0], now)
        if not self._accepted or is_flood:
            return []
        self._told.append(now)
        source = line.source
        by = f"{source.nick}!{source.user}@{source.host}"[:_LONGEST]
        reason = self._reason_against(line, channel, casemapping) or "we are in too many channels"
        return [Invited(channel, f"not joined on the invitation of {by}: {reason}")]

    def may_ask(self, channel: str, now: str) -> bool:
        """Return whether an invitation to a channel of ours lets us ask at once: once a minute."""
        key, time = _key(channel), parse_time(now)
        last = self._asked.get(key)
        if last is not None and 0 <= time - last < _AGAIN:
            return False
        if len(self._asked) >= MAX_KEPT:
            self._asked.clear()
        self._asked[key] = time
        return True

    def removed(self, channel: str, how: str) -> list[Fact]:
        """Count that we were thrown out of a channel that we came into on invitation."""
        key = _key(channel)
        before = self._known.get(key)
        self._unproven.pop(key, None)
        if before is None:
            return []
        kicks, how = before.kicks + 1, how[:_LONGEST]
        over = kicks >= self._settings.kicks
        self._known[key] = msgspec.structs.replace(before, kicks=kicks, reason=how, over=over)
        why = f"{how}; not coming back, not even on invitation"
        return [*([Invited(channel, why)] if over else []), InvitationsChanged()]

    def renamed(self, channel: str, onto: str) -> list[Fact]:
        """Keep a channel under its new name, unless that one threw us out for good."""
        before = self._known.pop(_key(channel), None)
        if before is None:
            return []
        if not self.is_over(onto):
            self._known[_key(onto)] = msgspec.structs.replace(before, channel=onto)
        return [InvitationsChanged()]

    def is_over(self, channel: str) -> bool:
        """Return whether a channel threw us out for good."""
        known = self._known.get(_key(channel))
        return known is not None and known.over

    # -- operators -----------------------------------------------------------------

    @property
    def is_checking(self) -> bool:
        """Whether a person who invited us has to prove to be an operator."""
        return bool(self._unproven)

    def named(self, channel: str, nick: str, casemapping: Casemapping) -> None:
        """Note that the list of names shows an operator: who invited us may be that one."""
        who = self._unproven.get(_key(channel))
        if who is not None and casemapping.equal(who, nick):
            del self._unproven[_key(channel)]

    def listed(self, channel: str) -> list[Fact]:
        """Note the end of the list of names; return facts if no operator invited us: then leave."""
        if self._unproven.pop(_key(channel), None) is None:
            return []
        self._forget(channel)
        why = "left again: the person who invited us is no operator"
        return [Invited(channel, why), InvitationsChanged()]

    def greeting(self, channel: str) -> str:
        """Return the notice for a channel that we joined on invitation, once; else ""."""
        key = _key(channel)
        if key not in self._greeting_due or key in self._unproven:
            return ""
        self._greeting_due.discard(key)
        known = self._known.get(key)
        nick = Source.parse(known.by).nick if known is not None else ""
        return self._settings.notice.replace("{nick}", nick)

    def _forget(self, channel: str) -> None:
        self._known.pop(_key(channel), None)
        self._greeting_due.discard(_key(channel))

    # -- rules ---------------------------------------------------------------------

    def _reason_against(self, line: Line, channel: str, casemapping: Casemapping) -> str:
        """Return the reason not to follow an invitation; "" if there is none."""
        known = self._known.get(_key(channel))
        if not _is_name(channel):
            return "no name of a channel"
        if self._is_blocked(line.source, channel, casemapping):
            return "blocked"
        if known is not None and known.over:
            return f"it threw us out for good ({known.reason})"
        if not self._is_allowed(line, casemapping) and OPERATORS not in self._settings.allow:
            return "not among those who may invite us"
        return self._flood(line, is_new=known is None)

    def _flood(self, line: Line, *, is_new: bool) -> str:
        """Return the bound that one more invitation would exceed; "" if there is none."""
        now = parse_time(line.now)
        hosts = [host for when, host in self._followed if _is_recent(when, now)]
        if len(hosts) >= MAX_AN_HOUR:
            return "too many invitations in an hour"
        if hosts.count(line.source.host) >= MAX_BY_HOST:
            return "too many invitations from one host in an hour"
        return "too many channels" if is_new and len(self._known) >= MAX_KEPT else ""

    def _is_allowed(self, line: Line, casemapping: Casemapping) -> bool:
        """Return whether a person may invite us, operator or not."""
        if not self._settings.allow:
            return True
        if line.account and line.account.lower() in self._allowed_accounts:
            return True
        return self._allowed.match(line.source, casemapping)

    def _is_blocked(self, source: Source, channel: str, casemapping: Casemapping) -> bool:
        self._fold(casemapping)
        is_channel = self._blocked_channels.fullmatch(casemapping[channel]) is not None
        return is_channel or self._blocked.match(source, casemapping)

    def _fold(self, casemapping: Casemapping) -> None:
        """Prepare the masks of channels in a casemapping."""
        if self._casemapping is not casemapping:
            self._casemapping = casemapping
            masks = (each for each in self._settings.block if is_channel_mask(each))
            patterns = "|".join(glob(casemapping[each]) for each in masks)
            self._blocked_channels = re.compile(patterns or r"(?!)")


def is_channel_mask(mask: str) -> bool:
    """Return whether a mask of the block-list is one of channels."""
    return mask[:1] in {"#", "&", "+", "!"}


def _is_name(channel: str) -> bool:
    """Return whether a name is that of one channel; before ISUPPORT, no letter begins one."""
    return is_joinable(channel) and not channel[0].isalnum()


def _is_recent(then: int, now: int) -> bool:
    return 0 <= now - then < _HOUR


def _key(channel: str) -> str:
    """Return the key of a channel; it is the same before and after the CASEMAPPING is known."""
    return channel.lower()
