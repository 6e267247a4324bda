"""Export as Markdown: what was said is text, whatever it holds."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from chatlog.export.exporter import FileFacts
from chatlog.export.line_blocks import LineBlock
from chatlog.export.markdown import encoder
from tests.support.archive import event_at

FACTS = FileFacts(network="net", target="#c")


def items(*events, facts=FACTS):
    made = encoder(facts)
    return (made.begin() + made.encode(LineBlock(events))).decode()


def test_days_are_headings_and_events_are_items():
    text = items(
        event_at(0, "hello"),
        event_at(1, "waves", type="action"),
        event_at(2, "", type="join", user="a", host="h"),
        event_at(90_000, "next day", type="notice"),
    )
    assert text == (
        "# #c on net\n\nTimes are in UTC.\n\n"
        "## 2026-11-23\n\n"
        "- 00:00:00 **ann:** hello\n"
        "- 00:00:01 \\* **ann** waves\n"
        "- 00:00:02 *ann (a@h) joined #c*\n"
        "\n## 2026-11-24\n\n"
        "- 01:00:00 **ann** (notice): next day\n"
    ).replace("UTC.\n\n## ", "UTC.\n\n## ")


def test_times_are_in_the_zone_that_is_asked_for():
    facts = FileFacts(network="net", target="#c", tz=ZoneInfo("Asia/Tokyo"))
    assert "- 09:00:00 **ann:** hello" in items(event_at(0, "hello"), facts=facts)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<script>alert(1)</script>", r"\<script>alert(1)\</script>"),
        ("*a* _b_ `c` [d](e) ~~f~~", r"\*a\* \_b\_ \`c\` \[d\](e) \~\~f\~\~"),
        ("&lt; & x", r"\&lt; & x"),
        ("see https://a.b/c_d_e now_", r"see <https://a.b/c_d_e> now\_"),
        ("a\n# b", "a\\\n  \\# b"),
        ("a\n1. b", "a\\\n  1\\. b"),
        ("\x1b[2J\x02bold", r"\\x1b\[2Jbold"),
    ],
)
def test_markup_that_somebody_said_is_text(said, shown):
    assert items(event_at(0, said)).endswith(f"- 00:00:00 **ann:** {shown}\n")


def test_lines_of_several_channels_have_their_channel_in_the_heading():
    text = items(event_at(0, "a"), event_at(1, "b", target="#d"), facts=FileFacts())
    assert "## 2026-11-23, net/#c\n" in text
    assert "## 2026-11-23, net/#d\n" in text
