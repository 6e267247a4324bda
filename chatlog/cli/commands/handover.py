"""`chatlog handover`: from the recorders of an archive to a new one."""

from __future__ import annotations

from pathlib import Path

import click

from chatlog.cli.handing_over import Handover
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.reading import archive_options
from chatlog.cli.options.types import ParserType
from chatlog.cli.show.messages import write_message
from chatlog.settings import parsers


@click.command(cls=HelpCommand)
@click.option(
    "--to",
    metavar="RUN",
    help="Name or pid of the run that is to take over. Default: the one that waits for it.",
)
@click.option(
    "--timeout",
    default="60s",
    show_default=True,
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="How long the whole hand-over may take.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@archive_options()
def command(*, to: str | None, timeout: float, quiet: bool, root: str) -> None:
    """Hand over from the old recorder to a new one without a gap.

    First start the new one beside the old one, with the same settings and --take-over. When
    it hears all channels, the old one is told to leave, and the new one goes on with the
    transcripts. Nothing is told to leave before that. The exit status is 0 if the new one
    holds all its channels at the end.

    \b
      chatlog handover
      chatlog handover --to 4711 --archive /var/lib/chatlog
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    say = (lambda _text: None) if quiet else write_message
    result = Handover(Path(root), timeout, say).to(to or "")
    if not quiet:
        click.echo(result)
