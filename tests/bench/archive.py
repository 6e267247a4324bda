"""An archive made for benchmarks: the same bytes from the same numbers, whenever it is made.

By default ten million events of twenty channels in three years, a third of the
channels plain, a third gzip, a third zstd. What people say is drawn from words
as frequent as words are, channels are as unequal as channels are.
"""

from __future__ import annotations

import json
import random
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.compression import COMPRESSIONS, compression_of
from chatlog.archive.layout import Rotate, SegmentName, parse_segment, period_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NETWORK = "bench"
NEEDLE = "memory leak"
WAYS = ("none", "gzip", "zstd")
_BEGIN = datetime(2023, 11, 20, tzinfo=UTC)
_SYLLABLES = (
    *("ka", "to", "ri", "ne", "mu", "so", "la", "pe", "du", "wi", "shi"),
    *("or", "an", "el", "ist", "ung", "que", "ex", "pro", "con"),
)
_REAL = (
    *("the", "a", "of", "to", "is", "it", "that", "not", "what", "memory", "leak"),
    *("python", "Traceback", "error", "asyncio", "https"),
)
_PEOPLE = 200
_READY = "READY"
_TEXT = ',"text":"'
_MOVES = 0.1
_FORMS = (
    (0.11, "\\u0002{word}\\u000f \\u000304{text}\\u0003"),  # bots that format
    (0.14, '\\"{text}\\"'),
    (0.20, "{text} größe 日本"),
    (0.24, "https://example.org/{word}?id={person} {text}"),
    (1.00, "{text}"),
)
"""How messages look, each up to its share of all that is said."""


class Size(NamedTuple):
    """How large an archive is to be."""

    events: int = 10_000_000
    channels: int = 20
    years: float = 3
    rotate: Rotate = Rotate.DAILY


def made(place: Path, size: Size) -> Path:
    """Make an archive, unless one of this size is there; return its root."""
    root = place / f"{size.events}-{size.channels}-{size.years}-{size.rotate}"
    if (root / f".{_READY}").exists():  # a name that readers pass over
        return root
    shares = _shares(size)
    with ProcessPoolExecutor() as pool:
        list(pool.map(_make_channel, [root] * size.channels, range(size.channels), shares,
                      [size] * size.channels))  # fmt: skip
    (root / NETWORK / "network.json").write_text(
        f'{{"network":"{NETWORK}","casemapping":"rfc1459"}}\n'
    )
    (root / f".{_READY}").touch()
    return root


def channels(size: Size, way: str) -> list[str]:
    """Name the channels that are compressed in one way."""
    return [f"#c{number:02}" for number in range(size.channels) if WAYS[number % 3] == way]


def segments(root: Path) -> Iterator[tuple[Path, list[bytes]]]:
    """Yield the segments of an archive, and their lines."""
    for path in sorted(root.glob(f"{NETWORK}/#*/*.jsonl*")):
        segment = parse_segment(path.name)
        assert segment is not None
        way = compression_of(segment.compression)
        data = b"".join(way.decompressed([path.read_bytes()]))
        yield path, data.splitlines(keepends=True)


def irssi_log(root: Path, channel: str) -> Path:
    """Write the plain segments of a channel as one log of irssi, unless it is there."""
    log = root / f".{channel.lstrip('#')}.log"  # a name that readers pass over
    if log.exists():
        return log
    with log.open("w", encoding="utf-8") as file:
        for segment in sorted((root / NETWORK / channel).glob("*_*.jsonl")):
            day = ""
            for line in segment.read_bytes().splitlines():
                event = json.loads(line)
                if event["time"][:10] != day:
                    day = event["time"][:10]
                    file.write(f"--- Day changed {datetime.fromisoformat(day):%a %b %d %Y}\n")
                file.write(_irssi_line(event))
    return log


def _irssi_line(event: dict[str, str]) -> str:
    clock, nick = event["time"][11:16], event["nick"]
    if event["type"] == "message":
        return f"{clock} < {nick}> {event['text']}\n"
    verb = {"join": "joined", "part": "left"}[event["type"]]
    return f"{clock} -!- {nick} [{event['user']}@{event['host']}] has {verb} {event['target']}\n"


def _shares(size: Size) -> list[int]:
    """Spread the events: the busiest channel has as much as the quietest ten or so."""
    weights = [1 / (3 + number) for number in range(size.channels)]
    shares = [int(size.events * weight / sum(weights)) for weight in weights]
    shares[0] += size.events - sum(shares)
    return shares


def _make_channel(root: Path, number: int, events: int, size: Size) -> None:
    directory = root / NETWORK / f"#c{number:02}"
    directory.mkdir(parents=True, exist_ok=True)
    chance = random.Random(number)
    speak = _Speakers(chance, number)
    step = size.years * 365.25 * 86_400 / events
    lines: list[bytes] = []
    period = None
    for index in range(events):
        moment = _BEGIN + timedelta(seconds=step * index)
        time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
        if period is None or time >= period.end:
            if period is not None:
                _write(directory, period.name, lines, WAYS[number % 3])
            period, lines = period_of(time, size.rotate), []
        lines.append(speak.line(time))
    if period is not None:
        _write(directory, period.name, lines, WAYS[number % 3])


def _write(directory: Path, period: str, lines: list[bytes], way: str) -> None:
    compression = COMPRESSIONS[way]
    name = SegmentName(period, 1, "jsonl", compression.suffix)
    with (directory / str(name)).open("wb") as file:
        file.writelines(compression.compressed([b"".join(lines)]))


class _Speakers:
    """What the people of one channel do."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self._chance = chance
        made_up = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(3000)]
        self._words = [*_REAL, *made_up]
        self._weights = list(accumulate(1 / (5 + rank) for rank in range(len(self._words))))
        self._heads = [
            f'","network":"{NETWORK}","target":"#c{number:02}","type":"message","nick":"nick{each}"'
            f',"user":"~u{each}","host":"host-{each % 50}.example.org","text":"'
            for each in range(_PEOPLE)
        ]

    def line(self, time: str) -> bytes:
        chance = self._chance
        person = int(_PEOPLE * chance.random() ** 3)
        kind = chance.random()
        head = self._heads[person]
        if kind < _MOVES:
            moved = head.replace('"message"', '"join"' if kind < _MOVES / 2 else '"part"')
            return f'{{"time":"{time}{moved.removesuffix(_TEXT)}}}\n'.encode()
        count = 2 + int(20 * chance.random() ** 2)
        words = chance.choices(self._words, cum_weights=self._weights, k=count)
        text = next(form for share, form in _FORMS if kind < share).format(
            text=" ".join(words), word=words[0], person=person
        )
        return f'{{"time":"{time}{head}{text}"}}\n'.encode()
