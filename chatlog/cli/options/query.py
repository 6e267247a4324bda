"""Options of the commands that look for events.

`tail` imports this at its start and rarely gets a query: `options.terms` turns
the options into one, and imports the language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct
from msgspec.structs import astuple

from chatlog.cli.options.completed import completed
from chatlog.cli.options.types import stands_for
from chatlog.errors import UsageError
from chatlog.query.noise import Signal, Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query

match_option = click.option(
    "--match",
    metavar="QUERY",
    shell_complete=completed("query"),
    default="",
    help="Only events that match a query of `chatlog search`.",
)
_SHOWING = (
    click.option(
        "--all",
        "everything",
        is_flag=True,
        help="Show also the recorder's own lines, lists of names, and modes that a join brings.",
    ),
    click.option(
        "--talk", is_flag=True, help="Show people who talk and nothing else, as type:talk does."
    ),
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
        help="Only events of this type or class: message, join, topic, talk, …, repeatable.",
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


class Wanted(Struct, frozen=True):
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
        return not any(astuple(self))


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a query to a command, which gets them as one `wanted`."""
    return _gathered(command, "wanted", Wanted, _OPTIONS)


class Showing(Struct, frozen=True):
    """The options that choose the lines on a screen, as typed."""

    everything: bool
    talk: bool

    def events(self, query: Query | None, *, omits_nothing: bool) -> Shown | None:
        """Return the events to show, None for all; UsageError if the options contradict each other.

        With `omits_nothing`, as for JSON, noise is shown as well, and so are types of noise
        for which the query asks.
        """
        if self.everything and self.talk:
            raise UsageError("--all and --talk contradict each other; leave one out")
        if self.talk:
            return Talk()
        if self.everything or omits_nothing:
            return None
        return Signal(query.asked_types if query is not None else frozenset())


def showing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--all` and `--talk` to a command, which gets them as one `showing`."""
    return _gathered(command, "showing", Showing, _SHOWING)


def _gathered(
    command: Callable[..., Any], name: str, kind: type[Wanted | Showing], options: tuple[Any, ...]
) -> Callable[..., Any]:
    """Add options to a command, which gets their values as one argument."""

    def gathered(**values: Any) -> Any:
        fields = {field: values.pop(field) for field in kind.__struct_fields__}
        return command(**{name: kind(**fields)}, **values)

    function = stands_for(gathered, command)
    for option in reversed(options):
        function = option(function)
    return function
