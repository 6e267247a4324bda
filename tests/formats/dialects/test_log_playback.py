"""Messages that a bouncer played back, counted in the logs that have them."""

import pytest

from chatlog.formats.dialects import irssi, weechat
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.formats.dialects.log_playback import BURST, LEAST_BURST, STAMPED

OPENED = "--- Log opened Mon Nov 23 {}:42 2026\n"
WHOLE = 1 << 20


def notes(log, dialect=irssi.DIALECT, size=WHOLE):
    decoder = dialect.decoder(LogFacts(network="net", target="#c", date="2026-11-23"))
    data = log.encode()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    events = [event for some in decoder.events(blocks) for event in some]
    assert decoder.tally.unknown == decoder.tally.ambiguous == 0
    return decoder.tally.notes, [each.text for each in events]


PLAYED = (
    "19:30 <ann> [19:00:00] before it, this is nothing\n"
    "19:31 <***> Buffer Playback...\n"
    "19:31 <bob> [19:03:34] hello\n"
    "19:31  * bob [19:03:35] waves\n"
    "19:31 <eve> without a stamp\n"
    "19:31 <***> Playback Complete.\n"
    "19:32 <ann> [19:00:00] behind it, nor this\n"
)


@pytest.mark.parametrize("size", [1, 7, 100, WHOLE])
def test_stamped_messages_between_the_marks_of_a_bouncer_are_told_and_kept_as_they_are(size):
    found, texts = notes(PLAYED, size=size)
    assert found == {STAMPED: 2}
    assert "[19:03:34] hello" in texts


def test_the_marks_are_those_of_every_dialect():
    log = (
        "2026-11-23 19:31:00\t***\tBuffer Playback...\n2026-11-23 19:31:00\tbob\t[19:03:34] hello\n"
    )
    assert notes(log, weechat.DIALECT)[0] == {STAMPED: 1}


def test_nobody_but_a_bouncer_can_say_the_marks():
    log = PLAYED.replace("<***>", "<mal>")
    assert notes(log)[0] == {}


def talk(minute, count):
    return "".join(f"{minute} <ann> line {number}\n" for number in range(count))


@pytest.mark.parametrize("size", [1, 50, WHOLE])
@pytest.mark.parametrize(
    ("log", "told"),
    [
        (OPENED.format("19:31") + talk("19:31", LEAST_BURST), {BURST: LEAST_BURST}),
        (OPENED.format("19:31") + talk("19:31", LEAST_BURST - 1) + talk("19:32", 50), {}),
        (OPENED.format("19:31") + talk("19:32", 50), {}),
        (talk("19:31", 50), {}),
        (talk("19:31", 50) + OPENED.format("19:31") + talk("19:31", 5), {}),
        (
            OPENED.format("19:31") + talk("19:31", 25) + OPENED.format("20:31") + talk("20:31", 9),
            {BURST: 25},
        ),
    ],
)
def test_a_burst_in_the_minute_in_which_a_log_is_opened_is_told(log, told, size):
    assert notes(log, size=size)[0] == told
