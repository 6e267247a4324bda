r"""Help pages of commands: the examples come first, and options stand in sections.

A page is made of a command's docstring and options. Screens of `--help` and man
pages have this one source. A docstring begins with the summary; the paragraph
that click leaves as it is (behind `\b`) holds the examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from chatlog.cli.lean_imports import cleandoc, lean_parsing
from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OTHERS: Final = "Other options"
_ALL: Final = "chatlog.help-all"
_VERBATIM: Final = "\b\n"
_WIDEST: Final = 30
"""Columns that the names of options may take beside their descriptions."""


class HelpText(NamedTuple):
    """The parts of a docstring: a paragraph, lines of a shell, and paragraphs."""

    summary: str
    examples: tuple[str, ...]
    description: tuple[str, ...]


def help_text(command: click.Command) -> HelpText:
    """Return the parts of a command's docstring."""
    paragraphs = cleandoc(command.help or "").split("\n\n")
    examples = [each for each in paragraphs if each.startswith(_VERBATIM)]
    lines = [line.strip() for each in examples for line in each.splitlines()[1:]]
    summary, *description = (
        " ".join(each.split()) for each in paragraphs if not each.startswith(_VERBATIM)
    )
    return HelpText(summary, tuple(lines), tuple(description))


class _Page(click.Command):
    """The layout of a help page: usage, summary, examples, description, options.

    `sections` holds the long names of options by heading. `main` names the options that
    `--help` shows; then `--help-all` shows all of them. Without either, it shows
    them under one heading.
    """

    def __init__(
        self,
        *arguments: Any,
        sections: Mapping[str, Sequence[str]] | None = None,
        main: Sequence[str] = (),
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._sections = dict(sections or {})
        self._main = tuple(main)
        if main:
            self.params.append(_help_all(", ".join(self._sections).lower()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; add the context to errors that lack it."""
        if ctx.resilient_parsing:
            args = self._without_open_option(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def make_parser(self, ctx: click.Context) -> Any:
        """Return click's parser, which imports no search for near names."""
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            with lean_parsing():
                return parse(args)

        parser.parse_args = parse_args  # type: ignore[method-assign]
        return parser

    def get_help_option_names(self, _ctx: click.Context) -> list[str]:
        """Return the names of the option that shows the page, in every context."""
        return ["-h", "--help"]

    def _without_open_option(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return arguments without a last option that lacks its value, which a shell completes.

        click would stop at it, before it takes the other arguments.
        """
        valued = {
            name
            for each in self.get_params(ctx)
            if isinstance(each, click.Option) and not each.is_flag
            for name in each.opts
        }
        return args[:-1] if args and args[-1] in valued else args

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """Return all options that may be shown, by heading, in the order of the page."""
        options = [
            each
            for each in self.get_params(ctx)
            if isinstance(each, click.Option) and not each.hidden
        ]
        by_name = {name: each for each in options for name in each.opts}
        found = {
            heading: [by_name[name] for name in names if name in by_name]
            for heading, names in self._sections.items()
        }
        placed = {id(each) for section in found.values() for each in section}
        rest = [each for each in options if id(each) not in placed]
        return {**found, (OTHERS if found else "Options"): rest}

    def format_help_text(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summary, the examples and the description."""
        text = help_text(self)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.summary)
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in text.examples))
        if text.description:
            with formatter.section("Description"):
                formatter.write_text("\n\n".join(text.description))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of options; only the main options if there are any."""
        sections = {name: _rows(each, ctx) for name, each in self._shown(ctx).items()}
        width = min(_WIDEST, max(len(row[0]) for rows in sections.values() for row in rows))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(each.ljust(width), text) for each, text in rows])

    def _shown(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        sections = self.sections(ctx)
        if not self._main or ctx.meta.get(_ALL):
            return sections
        every = [each for section in sections.values() for each in section]
        by_name = {name: each for each in every for name in each.opts}
        return {"Main options": [by_name[name] for name in (*self._main, "--help", "--help-all")]}


class HelpCommand(_Page):
    """A command whose help page has this layout."""


class HelpGroup(_Page, click.Group):
    """A group of commands whose help page lists them before its options.

    Without a command it shows that page, on stderr, and ends with the status of a usage
    error.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; show the page if there are none."""
        if not args and not ctx.resilient_parsing:
            self.begin(ctx)
            ctx.exit(click.UsageError.exit_code)
        return super().parse_args(ctx, args)

    def begin(self, ctx: click.Context) -> None:
        """Show a person who named no command how to go on."""
        click.echo(ctx.get_help(), err=True)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of some arguments; raise UsageError with a near name if none has it."""
        found = self.get_command(ctx, args[0])
        if found is None and not ctx.resilient_parsing and not args[0].startswith("-"):
            from chatlog.cli.mistakes import no_command

            raise UsageError(
                no_command(args[0], self.list_commands(ctx), f"{ctx.command_path} --help")
            )
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


def _rows(options: Sequence[click.Option], ctx: click.Context) -> list[tuple[str, str]]:
    return [row for each in options if (row := each.get_help_record(ctx)) is not None]


def _help_all(headings: str) -> click.Option:
    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_all,
        help=f"Show all options and exit: {headings}.",
    )


def with_all(ctx: click.Context) -> click.Context:
    """Return a context, from now on of a page with all options."""
    ctx.meta[_ALL] = True
    return ctx


def _show_all(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's call
    if value and not ctx.resilient_parsing:
        click.echo(with_all(ctx).get_help())
        ctx.exit()
