"""`chatlog help`: the help page of a command."""

from __future__ import annotations

import click

from chatlog.cli.help import HelpCommand, with_all
from chatlog.cli.options.completed import completed


@click.command(cls=HelpCommand)
@click.argument("names", metavar="[COMMAND]…", nargs=-1, shell_complete=completed("commands"))
@click.option("--all", "every", is_flag=True, help="Show all options, as --help-all does.")
@click.pass_context
def command(ctx: click.Context, /, *, names: tuple[str, ...], every: bool) -> None:
    """Show how to use chatlog or one of its commands, as --help does.

    \b
      chatlog help
      chatlog help search
      chatlog help --all record
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    page = ctx.find_root()
    for name in names:
        found = _found(page, name)
        page = click.Context(found, info_name=name, parent=page)
    click.echo(with_all(page).get_help() if every else page.get_help())


def _found(group: click.Context, name: str) -> click.Command:
    """Return a command of a group; raise UsageError, as the group does, if it has none."""
    if not isinstance(group.command, click.Group):
        group.fail(f"{group.command_path} has no commands")
    _, found, _ = group.command.resolve_command(group, [name])
    if found is None:
        group.fail(f"no command {name!r}")
    return found
