"""Options of the commands that look for events.

`tail` imports this at its start and rarely gets a query: `options.terms` turns
the options into one, and imports the language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable

match_option = click.option(
    "--match", metavar="QUERY", default="", help="Only what matches, as for `chatlog search`."
)
_OPTIONS = (
    click.option("--since", metavar="TIME", help="From then on: 2026-11, 'yesterday 18:00', -2h."),
    click.option("--until", metavar="TIME", help="Before then."),
    click.option(
        "--nick", "nicks", multiple=True, metavar="NICK", help="Who did it, * and ? allowed."
    ),
    click.option("--follow-nicks", is_flag=True, help="Under their other nicks as well."),
    click.option("--account", "accounts", multiple=True, metavar="NAME", help="Who was logged in."),
    click.option("--type", "types", multiple=True, metavar="TYPE", help="message, join, topic, …"),
    click.option("--via", "vias", multiple=True, metavar="WAY", help="live, chathistory, …"),
)


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

    gathered.__doc__ = command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered
