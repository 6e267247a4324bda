"""Messages on stderr, safe for a terminal and without secrets: the boundary of all errors."""

from __future__ import annotations

import click

from chatlog.cli.show.known_secrets import without_secrets
from chatlog.formats.visible import printable_lines


def write_message(text: str) -> None:
    """Write a message to stderr, after the name of the program."""
    click.echo(f"chatlog: {_safe(text)}", err=True)


def write_usage_error(error: click.ClickException) -> None:
    """Write the sentence for an error of click to stderr."""
    from chatlog.cli.mistakes import sentence

    write_message(sentence(error))


def write_traceback(error: BaseException) -> None:
    """Write the traceback of an error to stderr."""
    import traceback

    click.echo(_safe("".join(traceback.format_exception(error)).rstrip("\n")), err=True)


def _safe(text: str) -> str:
    return printable_lines(without_secrets(text))
