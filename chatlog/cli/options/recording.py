"""Options of the commands that record, built from the table of settings.

`--config`, `--network` and `--channel-keys-file` are no settings but places
where settings come from; they stand here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from chatlog.cli.options.completed import completed
from chatlog.cli.options.renamed import RenamedOption
from chatlog.cli.options.types import ParserType, PathType
from chatlog.settings.kinds import Choice, FilePath, Flag, SecretText, Several
from chatlog.settings.setting import Scope, Section, variable
from chatlog.settings.table import of_scope, of_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.settings.kinds import Kind, Typed
    from chatlog.settings.setting import Setting

    _Option = Callable[[Callable[..., Any]], Callable[..., Any]]

_CONFIG: Final = click.option(
    "--config",
    envvar="CHATLOG_CONFIG",
    type=PathType(path_type=Path),
    metavar="FILE",
    help="Configuration: networks, channels and settings. Default: the user's, else the system's.",
)
_FROM_ELSEWHERE: Final = (
    click.option(
        "--network",
        envvar="CHATLOG_NETWORK",
        shell_complete=completed("networks"),
        metavar="NAME",
        help="Name of the network in the archive; with a configuration, the one network to use."
        " Default: the server's host.",
    ),
    click.option(
        "--channel-keys-file",
        envvar="CHATLOG_CHANNEL_KEYS_FILE",
        type=PathType(exists=True, dir_okay=False),
        metavar="FILE",
        help="Keys of channels, one '#channel key' a line.",
    ),
)
_CONNECTING: Final = (Section.IDENTITY, Section.LOGIN, Section.CONNECTION)
_ANSWERING: Final = (Section.RECORDING, Section.MANNERS, Section.MONITORING, Section.SHARING)
_WRITING: Final = (Section.TRANSCRIPTS, Section.DISK, Section.RETENTION)
_PLACES: Final = ("--config", "--network", "--channel-keys-file")
"""The options of this module that are no settings."""


def network_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that records a network."""
    return _with((*_network(), *_options(*_ANSWERING)), function)


def connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that connects to a network and writes no transcript."""
    return _with(_network(), function)


def transcript_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that writes transcripts."""
    return _with(_options(*_WRITING), function)


def keeping_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that seals and removes segments."""
    return _with(_options(Section.RETENTION), function)


def archive_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the directory of the archive."""
    [setting] = (each for each in of_scope(Scope.STORAGE) if each.name == "archive")
    return option_of(setting)(function)


def sections_of(*sections: Section) -> dict[str, list[str]]:
    """Return the long names of the options of some sections, by heading."""
    found = {
        str(section): [f"--{each.option_name}" for each in of_sections(section) if each.option]
        for section in sections
    }
    if Section.NETWORK in sections:
        found[Section.NETWORK] += _PLACES
    return found


CONNECTION_SECTIONS: Final = sections_of(Section.NETWORK, *_CONNECTING)
"""The sections of a help page for `connection_options`."""
NETWORK_SECTIONS: Final = {**CONNECTION_SECTIONS, **sections_of(*_ANSWERING)}
"""The same for `network_options`."""
TRANSCRIPT_SECTIONS: Final = sections_of(*_WRITING)
"""The same for `transcript_options`."""


def option_of(setting: Setting) -> _Option:
    """Return the click option of a setting, which fills the parameter of its field.

    A secret's option names a file; its parameter is `FIELD_file`.
    """
    kind = setting.kind
    item = kind.item if isinstance(kind, Several) else kind
    return click.option(
        *_names(setting),
        **_type(item),
        **_default(setting),
        multiple=isinstance(kind, Several),
        help=_help(setting),
        shell_complete=completed("targets") if setting.field == "channels" else None,
        envvar=variable(setting.option_name) if setting.env or setting.is_secret else None,
        **_former(setting),
    )


def _network() -> Iterable[_Option]:
    return (_CONFIG, *_options(Section.NETWORK), *_FROM_ELSEWHERE, *_options(*_CONNECTING))


def _options(*sections: Section) -> Iterable[_Option]:
    return [option_of(each) for each in of_sections(*sections) if each.option]


def _with(options: Iterable[_Option], function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed([*options]):
        function = option(function)
    return function


# -- the parts of an option --------------------------------------------------------


def _names(setting: Setting) -> list[str]:
    """Return the names of an option, and of the parameter that it fills."""
    name, kind = setting.option_name, setting.kind
    long = f"--{name}/--no-{name}" if isinstance(kind, Flag) and kind.negatable else f"--{name}"
    short = [f"-{setting.short}"] if setting.short else []
    return [*short, long, f"{setting.field}_file" if setting.is_secret else setting.field]


def _former(setting: Setting) -> dict[str, Any]:
    """Return the former names of an option, for a setting that was renamed."""
    if not setting.former:
        return {}
    short = [f"-{setting.former_short}"] if setting.former_short else []
    spelled = variable(setting.former) if setting.env else ""
    return {
        "cls": RenamedOption, "former": (*short, f"--{setting.former}"), "former_variable": spelled,
    }  # fmt: skip


def _type(kind: Kind) -> dict[str, Any]:
    """Return the type of an option, in click's words."""
    match kind:
        case Flag():
            return {"is_flag": True}
        case Choice():
            return {"type": click.Choice(kind.words)}
        case SecretText():
            return {"type": PathType(exists=True, dir_okay=False), "metavar": kind.metavar}
        case FilePath():
            is_directory = kind.metavar == "DIR"
            path = PathType(exists=kind.readable, dir_okay=is_directory, file_okay=not is_directory)
            return {"type": path, "metavar": kind.metavar}
        case _:
            return {"type": ParserType(cast("Typed", kind).parse), "metavar": kind.metavar}


def _default(setting: Setting) -> dict[str, Any]:
    """Return the default to show; the Struct of the setting supplies the value."""
    kind, default = setting.kind, setting.default
    if isinstance(kind, Flag):
        return {"default": default}
    if not default:
        return {}
    spelled = (
        [kind.item.spell(each) for each in default]
        if isinstance(kind, Several)
        else kind.spell(default)
    )
    return {"default": spelled, "show_default": True}


def _help(setting: Setting) -> str:
    sentence, kind = setting.option_help or setting.help, setting.kind
    if setting.is_secret:
        sentence = f"{sentence[:-1]}: first line of FILE. Or set {variable(setting.name)}."
    if isinstance(kind, Several):
        sentence += " Repeatable."
    unset = setting.option_unset or setting.unset
    by_default = "yes" if isinstance(kind, Flag) and setting.default else unset
    return f"{sentence} Default: {by_default}." if by_default else sentence
