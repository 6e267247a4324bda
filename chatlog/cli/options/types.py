"""Typed options: parsers as types of click, and the options that were typed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    _ParamType = click.ParamType[object]
else:
    _ParamType = click.ParamType  # generic only in newer releases of click

_TYPED: Final = "chatlog.words_typed"


class PathType(click.Path):
    """A path whose `~` is the home directory, as a shell has it: `--archive=~/logs` keeps it.

    An empty path is refused: it is a variable of a script that was never set, and not the
    working directory.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path with the home directory in place of `~`."""
        if value == "":
            self.fail("the path is empty; name one", param, ctx)
        if isinstance(value, str) and value.startswith("~"):
            expanded = os.path.expanduser(value)  # noqa: PTH111 - pathlib is slow to import
            if expanded.startswith("~"):
                self.fail("the path begins with a user who is not known here", param, ctx)
            value = expanded
        return super().convert(value, param, ctx)


class ParserType(_ParamType):
    """A type whose values a parser makes; its UsageError becomes one of click."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self._parse = parse
        self.name = parse.__name__.removeprefix("parse_")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Parse a text; return any other value, which is a default, as it is."""
        if not isinstance(value, str):
            return value
        if ctx is not None and param is not None:
            ctx.meta.setdefault(_TYPED, {}).setdefault(param.name, []).append(value)
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def absolute_path(path: str) -> str:
    """Return a path for any working directory, with its last slash; `-` stays as it is."""
    if path == "-":
        return path
    absolute = os.path.abspath(path)  # noqa: PTH100 - pathlib drops the last slash
    return f"{absolute}/" if path.endswith("/") and absolute != "/" else absolute


def words_typed(ctx: click.Context, name: str) -> list[str]:
    """Return the values of a parameter with a parser as people typed them."""
    words: list[str] = ctx.meta.get(_TYPED, {}).get(name, [])
    return words


def stands_for(gathered: Callable[..., Any], command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that calls a command the command's docstring and options; return it."""
    gathered.__doc__ = command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return gathered


def is_typed(ctx: click.Context, name: str) -> bool:
    """Return whether a parameter was given on the command line."""
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def given(ctx: click.Context) -> dict[str, Any]:
    """Return the parameters that were typed or set in the environment, without defaults."""
    assumed = {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}
    return {
        name: value
        for name, value in ctx.params.items()
        if ctx.get_parameter_source(name) not in assumed
    }
