"""Values that a shell can complete from the archive; their search is imported when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import click


def completed(kind: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return the function by which click completes a parameter: a kind of `PROVIDERS`."""

    def complete(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
        from chatlog.cli.suggestions import PROVIDERS

        return [*PROVIDERS[kind](ctx, typed)]

    return complete
