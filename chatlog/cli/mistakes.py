"""Sentences for command lines that click refuses: the problem, then the next step.

No sentence repeats a value that may be a secret.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEYS_FILE: Final = "--channel-keys-file"
_KEYS: Final = ("--key", "--keys", "--channel-key", "--channel-keys")
"""Options that people try for the key of a channel."""


def sentence(error: click.ClickException) -> str:
    """Return the sentence for an error of click."""
    match error:
        case click.NoSuchOption():
            return _no_option(error)
        case click.BadOptionUsage():
            return _bad_option(error)
        case click.MissingParameter():
            return _missing(error)
        case click.BadParameter():
            return _bad_value(error)
        case click.UsageError(ctx=click.Context() as here) if _takes_only_options(error, here):
            return (
                f"{here.command_path} takes no arguments: name the server with --server,"
                " and each channel with --channel"
            )
        case _:
            message = error.format_message().rstrip(".")
            ctx = error.ctx if isinstance(error, click.UsageError) else None
            return f"{message[:1].lower()}{message[1:]}{_see(ctx)}"


def _takes_only_options(error: click.ClickException, ctx: click.Context) -> bool:
    """Return whether an argument is too much for a command that connects.

    The argument may be a password behind an option that takes no value: it is not repeated.
    """
    names = {name for each in _options(ctx) for name in each.opts}
    return "unexpected extra argument" in error.message and {"--server", "--channel"} <= names


def no_command(name: str, known: Iterable[str], see: str) -> str:
    """Return the sentence for a command that does not exist; `see` shows those that do."""
    near = get_close_matches(name, [*known], n=1)
    return f"no command {name!r}; " + (f"did you mean {near[0]}?" if near else f"see `{see}`")


def _no_option(error: click.NoSuchOption) -> str:
    name, ctx = error.option_name, error.ctx
    options = _options(ctx)
    known = [each for option in options for each in (*option.opts, *option.secondary_opts)]
    secret = _secret_file(name, known)
    if secret:
        return _not_on_the_command_line(name, secret)
    near = get_close_matches(name, known, n=1) if name.startswith("--") else []
    return f"no option {name!r}" + (f"; did you mean {near[0]}?" if near else _see(ctx))


def _secret_file(name: str, known: list[str]) -> str | None:
    """Return the option for the file of a secret that an unknown option would take."""
    files = {each.removesuffix("-file"): each for each in known if each.endswith("password-file")}
    if _KEYS_FILE in known:
        files |= dict.fromkeys(_KEYS, _KEYS_FILE)
    near = get_close_matches(name, [*files, *known], n=1, cutoff=0.7)
    return files.get(near[0]) if near else None


def _not_on_the_command_line(name: str, file: str) -> str:
    return (
        f"there is no {name}, as other users can read a command line:"
        f" write {_content(file)}, and name it with {file} FILE{_or_variable(file)}"
    )


def _content(file: str) -> str:
    if file == _KEYS_FILE:
        return "'#channel key' into a file"
    return "the password into the first line of a file"


def _or_variable(file: str) -> str:
    """Return the rest of a sentence that names the variable of a password."""
    if file == _KEYS_FILE:
        return ""
    return f", or set CHATLOG_{file[2:].removesuffix('-file').replace('-', '_').upper()}"


def _bad_option(error: click.BadOptionUsage) -> str:
    name, ctx = error.option_name, error.ctx
    option = next((each for each in _options(ctx) if name in each.opts), None)
    if option is None or option.is_flag:
        return f"{name} takes no value{_see(ctx)}"
    if option.name in {"channels", "targets"}:
        return (
            f"{name} needs a name, and the shell takes an unquoted # for a comment:"
            f" {name} '#python' or {name} python"
        )
    return f"{name} needs a value: {option.metavar or 'one of its words'}{_see(ctx)}"


def _missing(error: click.MissingParameter) -> str:
    return f"{_name(error.param)} is missing{_see(error.ctx)}"


def _bad_value(error: click.BadParameter) -> str:
    name = _name(error.param)
    if name == _KEYS_FILE or name.endswith("password-file"):
        return (
            f"{name} names no file that can be read (its value is not shown, as it may be"
            f" secret): write {_content(name)}{_or_variable(name)}"
        )
    message = error.message.replace("not a valid integer range", "no whole number")
    return f"{name}: {message.rstrip('.')}"


def _name(parameter: click.Parameter | None) -> str:
    """Return the name of a parameter as people type it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return "a value" if parameter is None else (parameter.metavar or str(parameter.name).upper())


def _options(ctx: click.Context | None) -> list[click.Option]:
    """Return the options of a command, --help among them."""
    params = ctx.command.get_params(ctx) if ctx else []
    return [each for each in params if isinstance(each, click.Option)]


def _see(ctx: click.Context | None) -> str:
    """Return the rest of a sentence that names the help of a command."""
    if ctx is None:
        return ""
    every = "-all" if any("--help-all" in each.opts for each in _options(ctx)) else ""
    return f"; see `{ctx.command_path} --help{every}`"
