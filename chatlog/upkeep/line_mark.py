"""The way of a line through the witnesses of a merge. Pure."""

from __future__ import annotations

import msgspec


class LineMark(msgspec.Struct, frozen=True, eq=False):
    """The way of a line through the witnesses, which many lines share.

    `owner` is the number of the witness that has its best copy, `witnesses` how many have the
    line, and `lacking` the numbers of those that have it not. `is_by_clock` means that it stands
    where it does by the clock alone, `is_reordered` that two witnesses saw it in another order.
    """

    owner: int
    witnesses: int = 1
    lacking: tuple[int, ...] = ()
    is_by_clock: bool = False
    is_reordered: bool = False
