"""Options of the commands that look for events.

`tail` imports this at its start and rarely gets a query: `options.terms` turns
the options into one, and imports the language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from chatlog.cli.options.completed import completed
from chatlog.cli.options.types import stands_for

if TYPE_CHECKING:
    from collections.abc import Callable

match_option = click.option(
    "--match",
    metavar="QUERY",
    shell_complete=completed("query"),
    default="",
    help="Only events that match a query of `chatlog search`.",
)
_OPTIONS = (
    click.option(
        "--since",
        metavar="TIME",
        help="Only events at or after TIME: 2026-11, yesterday, 'monday 18:00', 7d.",
    ),
    click.option("--until", metavar="TIME", help="Only events before TIME."),
    click.option(
        "--nick",
        "nicks",
        multiple=True,
        metavar="NICK",
        shell_complete=completed("nicks"),
        help="Only events by NICK, which may contain * and ?, repeatable.",
    ),
    click.option(
        "--follow-nicks",
        is_flag=True,
        help="With --nick: also events by the same people under other nicks.",
    ),
    click.option(
        "--account",
        "accounts",
        multiple=True,
        metavar="NAME",
        help="Only events by people logged in to this account, repeatable.",
    ),
    click.option(
        "--type",
        "types",
        multiple=True,
        metavar="TYPE",
        shell_complete=completed("types"),
        help="Only events of this type: message, join, topic, …, repeatable.",
    ),
    click.option(
        "--via",
        "vias",
        multiple=True,
        metavar="WAY",
        help="Only events received this way: live, chathistory, …, repeatable.",
    ),
)


FILTERS: Final = (
    "--channel",
    *("--since", "--until", "--nick", "--follow-nicks", "--account", "--type", "--via"),
    "--network",
)
"""The options of a help page's section that narrow a query."""


class Wanted(NamedTuple):
    """The filters as typed."""

    since: str | None
    until: str | None
    nicks: tuple[str, ...]
    follow_nicks: bool
    accounts: tuple[str, ...]
    types: tuple[str, ...]
    vias: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether no filter was given."""
        return not any(self)


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a query to a command, which gets them as one `wanted`."""

    def gathered(**options: Any) -> Any:
        fields = {name: options.pop(name) for name in Wanted._fields}
        return command(wanted=Wanted(**fields), **options)

    function = stands_for(gathered, command)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
