"""The events of one log on their way to the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatlog.event import Event
from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import MILLISECOND, MINUTE, SECOND
from chatlog.ingest.dialects import dialect_named
from chatlog.ingest.staged_log import HeardLog, LogStaging

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.ingest.staged_log import StagedLog

_AT = "2026-12-01T00:00:00.000Z"


def _event(time: str, target: str = "#a", received: str = "", text: str = "hello") -> Event:
    return Event(
        time=f"2026-11-{time}Z",
        received=received,
        network="net",
        target=target,
        type="message",
        nick="ann",
        text=text,
        via="import:irssi",
    )


def _staged(directory: Path, *batches: list[Event]) -> StagedLog:
    irssi = dialect_named("irssi")
    assert irssi is not None
    log = LogStaging(irssi, directory, _AT)
    for batch in batches:
        log.add(batch)
    return log.finish(HeardLog(stretches=[]))


@pytest.mark.parametrize(
    ("exact", "grain"),
    [("18:20:00.000", MINUTE), ("18:20:07.000", SECOND), ("18:20:07.003", MILLISECOND)],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_most_exact_time_of_a_log_tells_its_grain_wherever_it_stands(
    exact: str, grain: int, place: int, tmp_path: Path
) -> None:
    events = [_event(f"2{day}T18:20:00.000", f"#{day}") for day in range(3)]
    events[place] = _event(f"2{place}T{exact}", f"#{place}")
    assert _staged(tmp_path, events).grain == grain


def test_events_are_staged_the_same_in_batches_of_any_size(tmp_path: Path) -> None:
    times = [f"{day:02}T{hour:02}:00:00.000" for day in range(1, 29) for hour in range(24)]
    events = [_event(each, received=_AT) for each in times] * 3
    whole = _staged(tmp_path, events)
    assert whole.targets[0].count == len(events)
    assert bytes(whole.targets[0].months["2026-11"].lines) == jsonl.encode(events)
    for size in (1, 999, 1001):
        some = [events[at : at + size] for at in range(0, len(events), size)]
        assert _staged(tmp_path, *some) == whole


def test_a_log_is_known_again_whenever_it_was_received(tmp_path: Path) -> None:
    texts = ["hello", f'"received":"{_AT}",', "\N{SNOWMAN}"]
    checks = set()
    for received in ("", _AT, "2027-01-01T00:00:00.000Z"):
        events = [_event("23T18:20:00.000", received=received, text=text) for text in texts]
        [target] = _staged(tmp_path, events).targets
        checks.add(target.check)
        received_at = {
            jsonl.decode(line).received for line in target.months["2026-11"].lines.splitlines()
        }
        assert received_at == {received or _AT}
    assert len(checks) == 1
