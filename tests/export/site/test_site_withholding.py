"""The events that a site shows, beside the same events as the archive has them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.export.site.site_withholding import SiteWithholding
from tests.support.archive import event_at


def shortened(events):
    """Leave out secrets, and change all other events."""
    return [replace(each, nick="…") for each in events if each.text != "secret"]


@given(st.lists(st.booleans(), max_size=100))
def test_each_event_that_is_shown_has_its_own_origin(secrets):
    events = [
        event_at(at, "secret" if is_secret else f"line {at}")
        for at, is_secret in enumerate(secrets)
    ]
    shown, origins = SiteWithholding((shortened,), frozenset(), "").shown(events)
    expected = [each for each in events if each.text != "secret"]
    assert [*origins] == expected
    assert [*shown] == shortened(expected)
