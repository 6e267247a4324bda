"""Man pages of all commands, made of the same texts and options as `--help`.

They are in man(7), whose macros every `man` knows: <https://man7.org/linux/man-pages/man7/man.7.html>.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog import __version__, cli
from chatlog.cli.help import help_text
from chatlog.settings.locations import SYSTEM_CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

_README = Path(__file__).parents[2] / "README.md"
_SPECIAL = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
_DATES = {"0.1.0": "2026-11-26"}
"""The date that pages of a version bear; a new version needs its own."""
_FILES = {
    "~/.config/chatlog/chatlog.toml": "The user's configuration.",
    SYSTEM_CONFIG: "The configuration that is used if the user has none.",
    "~/.local/share/chatlog": "The archive, unless an option, a variable or the configuration"
    " names another.",
}


def man_pages() -> dict[str, str]:
    """Return each page by the name of its file."""
    ctx = click.Context(cli.cli, info_name="chatlog")
    pages = {"chatlog.1": _page(ctx, "record IRC channels", _of_the_program(ctx))}
    for name, line in cli.COMMANDS.items():
        command = click.Context(cli.cli.get_command(ctx, name), info_name=name, parent=ctx)
        pages[f"chatlog-{name}.1"] = _page(command, line, _of_a_command(command))
    return pages


def _page(ctx: click.Context, line: str, rest: Iterator[str]) -> str:
    name = ctx.command_path.replace(" ", "-")
    purpose = line[0].lower() + line[1:].rstrip(".")
    return "\n".join([
        '.\\" Written by CHATLOG_WRITE_MAN=1 make test PYTEST_ARGS=tests/test_man_pages.py',
        f'.TH {name.upper()} 1 {_DATES[__version__]} "chatlog {__version__}" "chatlog manual"',
        ".SH NAME", f"{_text(name)} \\- {_text(purpose)}", *rest, "",
    ])  # fmt: skip


def _of_the_program(ctx: click.Context) -> Iterator[str]:
    yield from _of_a_command(ctx, see=())
    yield ".SH EXIT STATUS"
    table = _README.read_text().split("## Exit statuses")[1]
    for status, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE):
        yield from (".TP", f"\\fB{status}\\fR", *_filled(meaning.replace("`", "")))
    yield ".SH FILES"
    for path, meaning in _FILES.items():
        yield from (".TP", f"\\fI{_text(path)}\\fR", *_filled(meaning))
    yield ".SH SEE ALSO"
    yield from _references(cli.COMMANDS)


def _of_a_command(ctx: click.Context, see: tuple[str, ...] = ("",)) -> Iterator[str]:
    yield ".SH SYNOPSIS"
    yield from _synopsis(ctx)
    yield from _body(ctx, ".SH {}")
    if isinstance(ctx.command, click.Group) and ctx.parent is not None:
        for name in ctx.command.list_commands(ctx):
            inner = click.Context(ctx.command.get_command(ctx, name), info_name=name, parent=ctx)
            yield f".SH {inner.command_path.upper()}"
            yield from _synopsis(inner)
            yield from _body(inner, ".SS {}")
    if see:
        yield ".SH SEE ALSO"
        yield from _references(see)


def _synopsis(ctx: click.Context) -> Iterator[str]:
    arguments = " ".join(ctx.command.collect_usage_pieces(ctx))
    yield f"\\fB{_text(ctx.command_path)}\\fR {_text(arguments)}"


def _body(ctx: click.Context, heading: str) -> Iterator[str]:
    """Yield description, examples and options of a command, under headings of one kind."""
    text = help_text(ctx.command)
    yield heading.format("DESCRIPTION" if heading == ".SH {}" else "Description")
    for number, paragraph in enumerate((text.summary, *text.description)):
        yield from ([".PP"] if number else [])
        yield from _filled(paragraph)
    yield heading.format("EXAMPLES" if heading == ".SH {}" else "Examples")
    yield from (".EX", *(_line(_text(each)) for each in text.examples), ".EE")
    if isinstance(ctx.command, click.Group):
        yield heading.format("COMMANDS")
        for name, meaning in _commands(ctx):
            yield from (".TP", f"\\fB{_text(name)}\\fR", *_filled(meaning))
    sections = ctx.command.sections(ctx)
    yield heading.format("OPTIONS" if heading == ".SH {}" else "Options")
    for name, options in sections.items():
        yield from ([f".SS {name}"] if len(sections) > 1 else [])
        for option in options:
            yield from _option(option, ctx)


def _commands(ctx: click.Context) -> Iterator[tuple[str, str]]:
    if ctx.parent is None:
        yield from cli.COMMANDS.items()
        return
    for name in ctx.command.list_commands(ctx):
        yield name, ctx.command.get_command(ctx, name).get_short_help_str(200)


def _option(option: click.Option, ctx: click.Context) -> Iterator[str]:
    names, meaning = option.get_help_record(ctx)
    variable = f" [variable: {option.envvar}]" if option.envvar else ""
    yield ".TP"
    yield " ".join(_styled(word) for word in names.split(" "))
    yield from _filled(f"{meaning}{variable}")


def _styled(word: str) -> str:
    """Return a word of an option's names: names are bold, values italic."""
    if word == "/":
        return word
    bare = word.rstrip(",")
    style = "B" if word.startswith("-") else "I"
    return f"\\f{style}{_text(bare)}\\fR{word[len(bare) :]}"


def _references(names: object) -> Iterator[str]:
    pages = [f"chatlog-{name}" if name else "chatlog" for name in names]
    for number, page in enumerate(pages):
        comma = "," if number < len(pages) - 1 else ""
        yield f"\\fB{_text(page)}\\fR(1){comma}"


def _filled(paragraph: str) -> list[str]:
    """Return the lines of a paragraph."""
    words = " ".join(paragraph.split())
    lines = textwrap.wrap(words, 64, break_on_hyphens=False, break_long_words=False)
    return [_line(_text(line)) for line in lines]


def _line(text: str) -> str:
    """Return a line that is no macro."""
    return f"\\&{text}" if text.startswith((".", "\\(aq")) else text


def _text(text: str) -> str:
    """Return a text without special characters of roff, in ASCII."""
    return "".join(
        _SPECIAL.get(each) or (each if each.isascii() else f"\\[u{ord(each):04X}]")
        for each in text.replace("…", "...")
    )
