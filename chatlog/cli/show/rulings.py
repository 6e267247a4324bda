"""Rules as text: the one that matches a channel, and its classes of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import CLASSES
from chatlog.formats.visible import printable
from chatlog.settings.kinds import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.archive.rules import Rule, Rules, Ruling

_NAME: Final = max(map(len, CLASSES)) + 2
_RECORDED: Final = len("not recorded") + 2


class Explained(NamedTuple):
    """The ruling for a target; `nolog` if nothing is recorded of this one."""

    network: str
    target: str
    ruling: Ruling
    nolog: bool = False


def explained_lines(found: Iterable[Explained], rules: Rules) -> Iterator[str]:
    """Yield for each target the rule that holds, and a line for each class of events."""
    for each in found:
        ruling = each.ruling
        chosen = rules.rules[ruling.number - 1] if ruling.number else None
        place = printable(f"{each.network}/{each.target}")
        yield f"{place}: {_rule(ruling.number, chosen)}"
        if each.nolog:
            yield "  nolog = true: nothing is recorded"
        for name in CLASSES:
            is_recorded = name in ruling.record and not each.nolog
            recorded = "recorded" if is_recorded else "not recorded"
            apart = ", in files of its own" if name in ruling.apart else ""
            kept = f"kept {_time(ruling.keep[name])}{apart}"
            yield f"  {name:<{_NAME}}{recorded:<{_RECORDED}}{kept}"


def _rule(number: int, rule: Rule | None) -> str:
    if rule is None:
        return "no rule matches; [storage] counts"
    said = [
        f"{key} = {printable(', '.join(patterns))}"
        for key, patterns in (("channels", rule.channels), ("networks", rule.networks))
        if patterns
    ]
    return f"rule {number} ({'; '.join(said) or 'for all'})"


def _time(seconds: float | None) -> str:
    return "forever" if seconds is None else f"for {Duration().spell(seconds)}"
