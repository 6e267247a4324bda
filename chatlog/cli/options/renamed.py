"""Options that had another name: it still works, and one warning names the new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class RenamedOption(click.Option):
    """An option with a former name, which help texts leave out.

    `former` holds the former spellings, such as `-o` and `--output`, and
    `former_variable` the former environment variable. The new name wins if both
    are given, unless the option is repeatable: then both count.
    """

    def __init__(
        self, *args: Any, former: Sequence[str], former_variable: str = "", **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._former, self._variable = former, former_variable

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Add both names to a parser; click's parser is no public type."""
        super().add_to_parser(parser, ctx)
        names = {"obj": self, "opts": [*self._former], "dest": self._dest}
        if self.is_flag:
            parser.add_option(**names, action="store_const", const=True)
        else:
            parser.add_option(**names, action="append" if self.multiple else "store")

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, Any]
    ) -> tuple[Any, ParameterSource]:
        """Return the value and its source; warn if a former name gave it."""
        former = opts.get(self._dest)
        if former is None or (self.name in opts and not self.multiple):
            return super().consume_value(ctx, opts)
        self._warn(self._former[-1], self.opts[-1])
        if self.multiple:
            return [*opts.get(str(self.name), ()), *former], ParameterSource.COMMANDLINE
        return former, ParameterSource.COMMANDLINE

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the value of the environment variable, else that of the former one."""
        value = super().resolve_envvar_value(ctx)
        if value is None and self._variable and (value := os.environ.get(self._variable)):
            self._warn(self._variable, str(self.envvar))
        return value or None

    @property
    def _dest(self) -> str:
        return f"former {self.name}"

    def _warn(self, former: str, new: str) -> None:
        # Without regard to --quiet: the next release refuses the former name, and a person
        # who reads the mail of cron can change it until then.
        from chatlog.cli.show.messages import write_message

        write_message(f"{former} is now called {new}; the next release refuses the old name")
