"""The command line: the only place that knows click, rich and exit statuses.

A command is a module of its own, imported when it is asked for: who reads an
archive does not pay for the network, and `--help` pays for neither. To add
one, write `cli/commands/<verb>.py` with a click command named `command` and
add a row to `COMMANDS`.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from click.shell_completion import CompletionItem


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the collector of cycles: importing makes none, and it takes a twelfth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


with _collector_paused():
    from chatlog.cli.lean_imports import import_msgspec, lean_click

    with lean_click():
        import click

    from chatlog import __version__
    from chatlog.cli.help import HelpGroup
    from chatlog.errors import ChatlogError, TranscriptError

COMMANDS: Final = {
    "record": "Record channels until stopped.",
    "sync": "Fetch missed lines from history and exit; for cron.",
    "tail": "Show the last events of the archive.",
    "search": "Find events by text, person, time or type.",
    "stats": "Count lines by person, hour, weekday and month.",
    "who": "List the members of a channel at some time.",
    "channels": "List the channels of the archive.",
    "gaps": "Show when each channel was recorded, and the gaps.",
    "audit": "Compare the archive with the server's history.",
    "verify": "Check that every segment is whole and unaltered.",
    "import": "Import logs of other programs, each line once.",
    "export": "Export the archive as CSV, SQLite, Parquet, Markdown, …",
    "merge": "Merge other archives of the same channels into one.",
    "ship": "Publish the archive on a bus, for one archive of many.",
    "collect": "Collect what recorders ship into one archive.",
    "handover": "Hand over from one recorder to the next without a gap.",
    "backup": "Copy the archive while it is recorded; for cron.",
    "maintain": "Seal, compress and remove segments; for cron.",
    "config": "Check the configuration, or write an example.",
    "status": "Show the recorders of an archive and their problems.",
    "demo": "Record a scripted conversation offline, as a demonstration.",
    "help": "Show the help of a command.",
    "completion": "Print the script for completion in bash, zsh or fish.",
}
"""Each command with its line of `chatlog --help`."""

_MODULES: Final = {"import": "import_logs"}
"""The modules of commands whose names Python keeps for itself."""

BUG: Final = 70
INTERRUPTED: Final = 130


class _Commands(HelpGroup):
    """A group that imports a command only to run it or to show its own help."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with _collector_paused():
            import_msgspec()
            name = _MODULES.get(cmd_name, cmd_name)
            module = importlib.import_module(f"chatlog.cli.commands.{name}")
            gc.freeze()  # the collector need not look at what stays until the end
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # which click would end with status 1
            return _after_closed_pipe()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin as typed, without an import of any, or the options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def begin(self, ctx: click.Context) -> None:
        """Show the first steps if there is neither archive nor configuration, else the help."""
        from chatlog.cli import first_steps

        if first_steps.is_new(os.environ):
            click.echo(first_steps.TEXT, err=True)
        else:
            super().begin(ctx)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of a bug.")
def cli(*, debug: bool) -> None:
    """Record IRC channels into transcripts that outlive the tool.

    \b
      chatlog record --server irc.libera.chat --channel '#python'
      chatlog tail '#python'
      chatlog demo
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the status of README's table.

    The one boundary where exceptions become exit statuses: nothing below it
    calls `exit`, and no traceback passes it but for `--debug`.
    """
    if sys.stdout is None:  # as `>&-` leaves it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    if not sys.warnoptions:  # Python's warnings name our source, and are for those who ask
        warnings.simplefilter("ignore")
    typed = sys.argv[1:] if arguments is None else list(arguments)
    shell = os.environ.get("_CHATLOG_COMPLETE")
    status = _answer(shell, typed) if shell else run(typed)
    gc.freeze()  # what ends with the process need not be searched for cycles first
    sys.exit(status)


def _answer(shell: str, words: list[str]) -> int:
    """Write the completions that the script of a shell asks for; never an error."""
    from chatlog.cli.completion import answer

    with suppress(OSError):
        os.write(sys.stdout.fileno(), answer(cli, words, shell).encode())
    return 0


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    try:
        status = cli.main(
            arguments, prog_name="chatlog", standalone_mode=False, terminal_width=_help_width()
        )
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        _complain_of_usage(error)
        return error.exit_code
    except ChatlogError as error:
        if not error.is_reported:
            _complain(str(error))
        return error.exit_status
    except OSError as error:  # files and networks have their own; this is what we print to
        _complain(f"cannot write the output: {error.strerror}")
        _after_closed_pipe()
        return TranscriptError.exit_status
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug of ours
        return _report_bug(error, debug="--debug" in arguments)
    return status if isinstance(status, int) else 0


def _complain(text: str) -> None:
    from chatlog.cli.show.messages import write_message

    write_message(text)


def _complain_of_usage(error: click.ClickException) -> None:
    from chatlog.cli.show.messages import write_usage_error

    write_usage_error(error)


def _help_width() -> int:
    # As click finds it, but without shutil and the three compressors that it imports.
    try:
        columns = os.get_terminal_size().columns
    except OSError:
        columns = 80
    return max(50, min(columns, 80) - 2)


def _after_closed_pipe() -> int:
    # Python flushes stdout at exit and would complain a second time.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report_bug(error: Exception, *, debug: bool) -> int:
    if debug:
        from chatlog.cli.show.messages import write_traceback

        write_traceback(error)
    _complain(
        f"a bug, sorry: {type(error).__name__}: {error}."
        " Please report it with the command line and the output of `chatlog --debug`."
    )
    return BUG
