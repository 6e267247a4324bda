"""`chatlog completion`: the script by which a shell completes command lines."""

from __future__ import annotations

import pkgutil

import click

from chatlog.cli.help import HelpCommand
from chatlog.cli.show.screen import write

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=HelpCommand)
@click.argument("shell", type=click.Choice(SHELLS))
def command(*, shell: str) -> None:
    """Print the script that completes commands, options and values in a shell.

    Channels, networks and nicks come from the archive that the line names, or that
    the command would find without one.

    \b
      eval "$(chatlog completion bash)"   # in ~/.bashrc
      eval "$(chatlog completion zsh)"    # in ~/.zshrc
      chatlog completion fish > ~/.config/fish/completions/chatlog.fish
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    write(pkgutil.get_data("chatlog", f"data/completion.{shell}") or b"")
