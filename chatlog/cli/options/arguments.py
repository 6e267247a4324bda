"""The arguments of a command as it was typed, for the same command at another time and place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from chatlog.cli.options.types import ParserType, PathType, absolute_path, given, words_typed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


def arguments_of(ctx: click.Context, *, without: Collection[str]) -> list[str]:
    """Return the arguments of a command, but those of some parameters.

    Paths are absolute, and values from the environment stand there as options. Times that are
    relative stay relative: `7d` is a week before whenever the command runs.
    """
    values = {name: value for name, value in given(ctx).items() if name not in without}
    params = [each for each in ctx.command.params if each.name in values]
    options = [each for each in params if isinstance(each, click.Option)]
    words = [word for each in options for word in _option_words(ctx, each, values[str(each.name)])]
    others = [value for each in params if each not in options for value in values[str(each.name)]]
    return [*words, *(["--", *others] if others else [])]


def _option_words(ctx: click.Context, option: click.Option, value: Any) -> Iterator[str]:
    """Yield an option as it may be typed, once for each of its values."""
    name = max(option.opts, key=len)
    if option.is_flag:
        yield name
        return
    values = value if option.multiple else [value]
    if isinstance(option.type, ParserType):
        # Contexts share the words: those of this one are the last.
        values = words_typed(ctx, str(option.name))[-len(values) :]
    elif isinstance(option.type, PathType):
        values = [absolute_path(os.fspath(each)) for each in values]
    yield from (f"{name}={each}" for each in values)
