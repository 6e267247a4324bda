"""The page of a day as a form: a template is rendered once, and filled in for each day."""

from __future__ import annotations

import re
import secrets
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.export.site.settings import SiteChannel
    from chatlog.export.site.templates import Pages

TEMPLATES: Final = ("day.html", "base.html")
"""The templates of the page. Only these are made into forms: a user's template may depend on any
value, so it is rendered for each day."""

_LINKS: Final = ("previous", "following")
_ROOT: Final = "../../"
_MONTH: Final = len("2026-11")


class DayValues(msgspec.Struct, frozen=True):
    """The values that differ among the pages of a channel; `previous` and `following` are days.

    `start` and `end` are the times of the day in UTC, `lines` are HTML.
    """

    path: str
    day: str
    start: str
    end: str
    said: int
    previous: str
    following: str
    lines: str


class DayForms:
    """The forms of the pages of days: one for each channel, and for each choice of links."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._is_ours = pages.are_ours(*TEMPLATES)
        self._forms: dict[tuple[object, ...], _DayForm] = {}

    def load(self) -> None:
        """Compile the templates, once for all processes that are forked later."""
        self._pages.load(*TEMPLATES)

    def page(self, channel: SiteChannel, values: DayValues) -> bytes:
        """Return the page of a day; raise UsageError for a template of the user that is wrong."""
        if not self._is_ours:
            return self._rendered(channel, values).encode("utf-8", "replace")
        # Templates ask whether there is a link, and for `1 line` or `2 lines`.
        key = channel, bool(values.previous), bool(values.following), values.said == 1
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._form(channel, values)
        return form.filled(values).encode("utf-8", "replace")

    def _rendered(self, channel: SiteChannel, values: DayValues) -> str:
        told = msgspec.structs.asdict(values)
        return self._pages.text("day.html", root=_ROOT, channel=channel, **told)

    def _form(self, channel: SiteChannel, values: DayValues) -> _DayForm:
        """Return the form of pages that have and lack the same links as one with these values."""
        # Blanks are random, so that no channel can have one in its name.
        blank = secrets.token_hex(16)
        absent = {name for name in _LINKS if not getattr(values, name)}
        names = [name for name in DayValues.__struct_fields__ if name not in absent]
        blanks: dict[str, object] = {name: f"{blank}{name}" for name in names}
        blanks["said"] = _BlankNumber.of(values.said, f"{blank}said")
        probe = msgspec.structs.replace(values, **blanks)
        found = re.split(f"{blank}({'|'.join(names)})", self._rendered(channel, probe))
        pieces: list[str] = []
        filled: list[str] = []
        for text, name in zip(found[::2], [*found[1::2], ""], strict=True):
            some = text.split(blank[:_MONTH])  # the template cuts the month off the day
            pieces += some
            filled += [*repeat("month", len(some) - 1), name]
        return _DayForm(pieces, filled)


class _BlankNumber(int):
    """A number that is written as a blank."""

    blank: str

    @classmethod
    def of(cls, number: int, blank: str) -> _BlankNumber:
        """Return the blank of a number."""
        made = cls(number)
        made.blank = blank
        return made

    def __format__(self, _form: str) -> str:
        """Return the blank."""
        return self.blank


class _DayForm:
    """A page as pieces of text; behind each comes the value of a name, "" for none."""

    def __init__(self, pieces: Sequence[str], names: Sequence[str]) -> None:
        self._pieces = pieces
        self._names = names

    def filled(self, values: DayValues) -> str:
        """Return the page of a day."""
        told = {
            **msgspec.structs.asdict(values),
            "said": f"{values.said:,}",
            "month": values.day[:_MONTH],
            "": "",
        }
        between = map(told.__getitem__, self._names)
        return "".join(chain.from_iterable(zip(self._pieces, between, strict=True)))
