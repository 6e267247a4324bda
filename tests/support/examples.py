"""How many examples a property is held against: the profile says, and a test says times what."""

from __future__ import annotations

from hypothesis import settings


def examples_times(times: float) -> settings:
    """Return settings for this many times the examples of the profile in use.

    The profiles stand in `tests/conftest.py`; `make torture` has one with many more.
    """
    return settings(max_examples=round(times * settings.default.max_examples))
