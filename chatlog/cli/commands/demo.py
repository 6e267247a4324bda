"""`chatlog demo`: record a scripted conversation offline, as a demonstration."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import click

from chatlog.cli.help import HelpCommand
from chatlog.cli.options.renamed import RenamedOption
from chatlog.cli.options.types import PathType
from chatlog.export.site.templates import Pages


@click.command(cls=HelpCommand)
@click.option(
    "-a",
    "--archive",
    cls=RenamedOption,
    former=("-o", "--output"),
    type=PathType(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Directory to record into. Default: a new temporary one, never your archive.",
)
@click.option("--site", "is_site", is_flag=True, help="Make a site of the talk, too.")
def command(*, archive: Path | None, is_site: bool) -> None:
    """Record a scripted conversation on a built-in IRC server, and show it.

    Everything happens on this machine, in a few seconds, with the same code
    as `chatlog record`.

    \b
      chatlog demo
      chatlog demo --archive ./archive
      chatlog demo --site
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.demo import recording

    logging.getLogger("chatlog").addHandler(logging.NullHandler())
    if is_site:
        Pages(None)  # says that its library is missing, before anything is recorded
    root = archive or Path(tempfile.mkdtemp(prefix="chatlog-demo-"))
    click.echo("Recording a short conversation on a built-in server …", err=True)
    recording.record(root)
    _show(["tail", "--archive", str(root), "--network", recording.NETWORK, "-n", "60"])
    sys.stdout.flush()
    click.echo(f"\nThe transcripts are in {root / recording.NETWORK}.", err=True)
    click.echo(f"Read them with: chatlog tail --archive {root} demo", err=True)
    if is_site:
        _make_site(root)


def _make_site(root: Path) -> None:
    """Make a site of an archive in a new directory, and tell how to open it."""
    site = tempfile.mkdtemp(prefix="chatlog-demo-site-")
    words = ["export", "--archive", str(root), "--quiet", "--to", "site", "-o", site]
    _show([*words, "--title", "The talk of chatlog demo"])
    click.echo(
        f"The site is {site}/index.html; to search in it: python3 -m http.server -d {site}",
        err=True,
    )


def _show(arguments: list[str]) -> None:
    """Run another command in this process: no command imports another."""
    commands = click.get_current_context().find_root().command
    commands.main(arguments, prog_name="chatlog", standalone_mode=False)
