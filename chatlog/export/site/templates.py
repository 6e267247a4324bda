"""The templates of a site, in jinja2 with everything escaped; those of the user come first."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatlog.errors import TranscriptError, UsageError
from chatlog.export.site.markup import shown
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

OWN = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"


class Pages:
    """The pages of a site out of templates; raise UsageError if jinja2 is missing."""

    def __init__(self, directory: Path | None, **everywhere: object) -> None:
        self._templates = _environment(directory)
        self._directory = directory
        self._everywhere = everywhere

    def load(self, *templates: str) -> None:
        """Compile templates, once for all processes that are forked later."""
        for each in templates:
            with _told(each):
                self._templates.get_template(each)

    def are_ours(self, *templates: str) -> bool:
        """Return whether none of some templates is the user's."""
        directory = self._directory
        return directory is None or not any((directory / each).exists() for each in templates)

    def render(self, template: str, **values: Any) -> bytes:
        """Return the bytes of a page; raise errors as `text` does."""
        return self.text(template, **values).encode("utf-8", "replace")

    def text(self, template: str, **values: Any) -> str:
        """Return a page; raise UsageError for a template of the user that is wrong."""
        with _told(template):
            return self._templates.get_template(template).render(**self._everywhere, **values)


@contextmanager
def _told(template: str) -> Iterator[None]:
    """Turn an error of a template into a UsageError."""
    from jinja2 import TemplateError

    try:
        yield
    except TemplateError as error:
        raise UsageError(f"the template {template} is wrong: {error}") from error


@cache
def _environment(directory: Path | None) -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise UsageError(
            "a site needs a library; install it with: pip install 'chatlog-irc[site]'"
        ) from error
    if directory is not None and not directory.is_dir():
        raise TranscriptError(f"{directory} is no directory of templates; name another")
    places = [str(OWN)] if directory is None else [str(directory), str(OWN)]
    found = Environment(
        loader=FileSystemLoader(places),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    found.finalize = _finalized
    found.globals["many"] = many
    return found


def _finalized(value: object) -> object:
    """Return a value for a page; texts without characters that HTML and XML may not hold."""
    return shown(value) if type(value) is str else value  # not HTML, which is a type of its own


def asset(name: str, directory: Path | None) -> bytes:
    """Return a style sheet or a script: that of the user if there is one."""
    for place in (directory, ASSETS):
        if place is not None and (path := place / name).is_file():
            return path.read_bytes()
    raise AssertionError(name)
