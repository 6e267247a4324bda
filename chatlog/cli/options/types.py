"""Options that several commands share, each with its environment variable.

What is typed is checked by `config`; here its words become click's usage errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    _ParamType = click.ParamType[object]
else:
    _ParamType = click.ParamType  # generic only in newer releases of click


class Checked(_ParamType):
    """A parameter read by a function that raises UsageError."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self._parse = parse
        self.name = parse.__name__.removeprefix("parse_")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return what the function makes of the text."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def given(ctx: click.Context) -> dict[str, Any]:
    """Return the parameters that were typed or stand in the environment, not the defaults."""
    assumed = {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}
    return {
        name: value
        for name, value in ctx.params.items()
        if ctx.get_parameter_source(name) not in assumed
    }


output_option = click.option(
    "-o",
    "--output",
    envvar="CHATLOG_OUTPUT",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the archive is. Default: the user's data directory.",
)
network_option = click.option(
    "--network",
    envvar="CHATLOG_NETWORK",
    metavar="NAME",
    help="How the network is called in the archive. Default: the server's host.",
)
