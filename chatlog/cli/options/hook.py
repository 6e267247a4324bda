"""Options of a hook: the command that is run for events, and the limits of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from chatlog.cli.options.types import ParserType, stands_for
from chatlog.errors import UsageError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

_DURATION: Final = ParserType(parsers.parse_duration)
_OPTIONS: Final = (
    click.option(
        "--exec",
        "command",
        metavar="COMMAND",
        help=(
            "Run COMMAND with /bin/sh for each event in place of printing it: the event is a line"
            " of JSON on its stdin. With -f or --cursor, begin with the events that come."
        ),
    ),
    click.option(
        "--exec-batch",
        "batch_command",
        metavar="COMMAND",
        help="Run COMMAND for all lines that wait at once: they are its stdin.",
    ),
    click.option(
        "--exec-pipe",
        "pipe_command",
        metavar="COMMAND",
        help=(
            "Run COMMAND once, for all events: each is a line of its stdin, with a cursor that"
            " COMMAND prints when it has taken the line."
        ),
    ),
    click.option(
        "--exec-timeout",
        "timeout",
        type=_DURATION,
        metavar="DURATION",
        help="Kill a COMMAND that runs longer.  [default: 1m]",
    ),
    click.option(
        "--exec-interval",
        "interval",
        type=_DURATION,
        metavar="DURATION",
        help="Shortest time between the starts of two runs. Default: none.",
    ),
    click.option(
        "--exec-retries",
        "retries",
        type=click.IntRange(min=0),
        metavar="N",
        help=(
            "Times to run a COMMAND again that failed.  [default: 5; no limit with -f and --cursor]"
        ),
    ),
)
HOOK: Final = (
    "--exec",
    "--exec-batch",
    "--exec-pipe",
    "--exec-timeout",
    "--exec-interval",
    "--exec-retries",
)
"""The options of a help page's section."""


class Hooked(msgspec.Struct, frozen=True):
    """The options of a hook as typed; times in seconds."""

    command: str | None = None
    batch_command: str | None = None
    pipe_command: str | None = None
    timeout: float | None = None
    interval: float | None = None
    retries: int | None = None

    @property
    def option(self) -> str:
        """The option that gave a command, "" if none did."""
        return next(iter(self._given()), "")

    @property
    def text(self) -> str:
        """The command, "" if there is none."""
        return next(iter(self._given().values()), "")

    def _given(self) -> dict[str, str]:
        commands = {
            "--exec": self.command,
            "--exec-batch": self.batch_command,
            "--exec-pipe": self.pipe_command,
        }
        return {name: text for name, text in commands.items() if text is not None}

    @property
    def is_wanted(self) -> bool:
        """Whether events go to a command; UsageError if the options make no sense."""
        given = self._given()
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} contradict each other; leave one out")
        for name, text in given.items():
            if not text.strip():
                raise UsageError(f"{name} needs a command, such as {name} 'jq -r .text >>lines'")
        limits = {"timeout": self.timeout, "interval": self.interval, "retries": self.retries}
        useless = [f"--exec-{name}" for name, value in limits.items() if value is not None]
        if useless and not given:
            raise UsageError(f"{useless[0]} needs --exec COMMAND or --exec-batch COMMAND")
        if "--exec-pipe" in given and useless not in ([], ["--exec-retries"]):
            raise UsageError(f"{useless[0]} does not go with --exec-pipe, which runs COMMAND once")
        if self.timeout == 0:
            raise UsageError("--exec-timeout: '0' leaves no time; say 30s or 5m")
        return bool(given)


def hook_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a hook to a command, which gets them as one `hooked`."""

    def gathered(**values: Any) -> Any:
        fields = {field: values.pop(field) for field in Hooked.__struct_fields__}
        return command(hooked=Hooked(**fields), **values)

    function = stands_for(gathered, command)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
