"""Events of every kind for hypothesis, and the characters that nothing shown may hold."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from chatlog.event import Event, EventType, format_time

STEERING = "".join(
    map(
        chr,
        [
            *range(0x20),
            *range(0x7F, 0xA0),
            0x061C,
            0x200E,
            0x200F,
            *range(0x2028, 0x202F),
            *range(0x2066, 0x206A),
        ],
    )
)
"""What steers a terminal, ends a line, or changes the direction of writing."""
UNSAFE = re.compile(f"[{re.escape(STEERING)}]")
MIRC = "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"

NASTY_TIMES = (
    "0001-01-01T00:00:00.000Z",
    "0001-01-01T00:00:00Z",
    "0999-12-31T23:59:59.999Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
    "1988-07-31T23:59:59.999Z",
    "1988-08-01T00:00:00.000Z",
    "2001-02-03T04:05:06.789Z",
    "2016-12-31T23:59:60.000Z",
    "2026-11-23T24:00:00.000Z",
    "2026-11-23T18:20:01.123-11:00",
    "2026-11-23T18:20:01.123+14:00",
    "2038-01-19T03:14:08.000Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:60.000Z",
    "-0001-01-01T00:00:00.000Z",
    "10000-01-01T00:00:00.000Z",
    "253402300800",
    "yesterday",
    "",
)
"""What servers may put where the time belongs: far from ours, on some edge, or no time."""
NASTY = st.sampled_from(NASTY_TIMES)

times = st.integers(0, 253_402_300_799_999).map(format_time)
anything = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from(STEERING + "\ud800\udfff: ()<>*-'@\\"),
        st.sampled_from("abc09"),
    )
)
printable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")))
kinds = st.sampled_from(list(EventType))
strings = [
    field for field in Event.__struct_fields__ if field not in {"time", "type", "params", "tags"}
]


@st.composite
def events(draw, values=anything, types=None, times=times):
    """Make an event with any such values; without `types`, a value may be its type too."""
    types = st.one_of(kinds, values) if types is None else types
    fields = {name: draw(values) for name in draw(st.sets(st.sampled_from(strings)))}
    return Event(
        time=draw(times),
        type=str(draw(types)),
        params=tuple(draw(st.lists(values, max_size=4))),
        tags=draw(st.dictionaries(values, values, max_size=3)),
        **fields,
    )


nicks = st.from_regex(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,15}", fullmatch=True)
words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
