"""Messages on stderr, made safe for a terminal."""

from __future__ import annotations

import click

from chatlog.formats.visible import printable_lines


def write_message(text: str) -> None:
    """Write a message to stderr, after the name of the program."""
    click.echo(f"chatlog: {printable_lines(text)}", err=True)
