"""Tag plans: patterns for nearly all tagged messages, with their tags in the order of the server.

A pattern takes a line apart in half the time of `parse_tags` and the cuts before and behind
it. It matches no tags that `parse_tags` would read in another way: values with escapes,
unknown and repeated keys.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chatlog.protocol.repeats import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TIME: Final = "time"
_KNOWN: Final = (_TIME, "msgid", "account")
_FIELDS: Final = (_TIME, "second", "msgid", "account", "head", "said")
# No part gives back a character, so that a line of another kind fails fast.
_MOMENT: Final = r"time=(?P<time>(?P<second>.{19})\.[0-9][0-9][0-9]Z)"
_VALUE: Final = r"{key}=(?P<{key}>[^;\\ ]{{0,{most}}}+)"
_MESSAGE: Final = r"(?P<head>:[^ ]++ (?:PRIVMSG|NOTICE) [^ :][^ ]*+) :(?P<said>.*+)"


class TagPlan:
    """A pattern for a line with tags, and one for its tags alone; all but `time` may be missing.

    `match` takes a whole message. `fields` returns of a match the time, its second, the msgid,
    the account, the head and the text. `match_tags` takes the tags of any line, without their
    `@`, and `tags` returns of a match the first four. A tag that is missing is "" or None. A
    second may be any text: it counts only if it is one of the seconds that are live.
    """

    __slots__ = ("fields", "keys", "match", "match_tags", "tags")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = frozenset(keys)
        time_at = keys.index(_TIME)
        before = "".join(f"(?:{_value(key)};)?+" for key in keys[:time_at])
        after = "".join(f"(?:;{_value(key)})?+" for key in keys[time_at + 1 :])
        missing = "".join(f"(?P<{key}>)" for key in _KNOWN if key not in keys)
        line = re.compile(f"@{before}{_MOMENT}{after} {_MESSAGE}{missing}")
        tags = re.compile(f"{before}{_MOMENT}{after}{missing}")
        self.match, self.match_tags = line.fullmatch, tags.fullmatch
        self.fields, self.tags = _groups(line, _FIELDS), _groups(tags, _FIELDS[:4])


def _groups(
    pattern: re.Pattern[str], names: tuple[str, ...]
) -> Callable[[re.Match[str]], tuple[str, ...]]:
    """Return the function that returns the groups of these names, all that there are."""
    if tuple(pattern.groupindex) == names:  # which costs half as much
        return re.Match.groups
    numbers = [pattern.groupindex[name] for name in names]
    return lambda match: match.group(*numbers)


def _value(key: str) -> str:
    """Return the pattern of a tag, of no longer value than a remembered msgid has."""
    return _VALUE.format(key=key, most=LONGEST_ID)


@lru_cache  # there are fifteen orders
def _plan(keys: tuple[str, ...]) -> TagPlan:
    return TagPlan(keys)


PLAIN: Final = _plan((_TIME, "msgid", "account"))
"""The plan before the first line that another one fits better."""


def plan_for(keys: Iterable[str], plan: TagPlan) -> TagPlan:
    """Return the plan for lines with these keys in this order; the old one if there is none.

    The old one stays for a subset of its keys, too: some lines have no account.
    """
    order = tuple(keys)
    if _TIME not in order or not set(order).issubset(_KNOWN) or plan.keys > set(order):
        return plan
    return _plan(order)
