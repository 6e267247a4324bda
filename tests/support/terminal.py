"""A terminal that the real program runs in, and a picture of what it shows then.

The picture is text: a row a line, `⟦bold red⟧…⟦/⟧` around what has a style, `↵`
where the terminal itself went on in the next row. It knows the few sequences
that we and rich send; any other stands in it as it came, marked `⟦?⟧`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from tests.support.process import killed_on_failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ROWS = 50
_PROGRAM = """
from chatlog import clock
clock.now = lambda: {now!r}
from chatlog.cli import main
main()
"""
_TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[0-9;]*)(?P<final>[A-Za-z])|(?P<mode>\x1b\[\?\d+[lh]|\x1b[=>])|.",
    re.DOTALL,
)
_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


class Shown(NamedTuple):
    """How a command ended, all that came to the terminal, and what that looks like."""

    status: int
    data: bytes
    picture: str


def run_in_terminal(
    arguments: list[str], *, columns: int, now: str, environment: Mapping[str, str], cwd: Path
) -> Shown:
    """Run `chatlog …` at a moment in a terminal so many columns wide."""
    program = [sys.executable, "-c", _PROGRAM.format(now=now), *arguments]
    return run_program(program, columns=columns, environment=environment, cwd=cwd)


def run_program(
    command: list[str], *, columns: int, environment: Mapping[str, str], cwd: Path
) -> Shown:
    """Run any program in a terminal so many columns wide."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (_ROWS, columns))
    # COLUMNS would count more than the terminal does.
    env = {name: value for name, value in environment.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd
    )
    with killed_on_failure(process):
        os.close(theirs)
        data = _read_all(ours)
    return Shown(process.returncode, data, picture_of(data.decode(), columns))


def _read_all(terminal: int) -> bytes:
    data = b""
    try:
        while piece := os.read(terminal, 65_536):
            data += piece
    except OSError:  # a terminal that nobody holds any more ends so
        pass
    finally:
        os.close(terminal)
    return data


def picture_of(sent: str, columns: int) -> str:
    """Draw what a terminal shows of what it was sent."""
    screen = _Screen(columns)
    for match in _TOKEN.finditer(sent):
        screen.take(match)
    return screen.picture()


class _Cell(NamedTuple):
    """A column: the second one of a wide character has no text."""

    text: str
    style: str


class _Screen:
    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows: list[list[_Cell]] = [[]]
        self._continued: set[int] = set()
        self._x = self._y = 0
        self._style: dict[str, str] = {}

    def take(self, match: re.Match[str]) -> None:
        numbers = [int(number or 0) for number in (match["numbers"] or "").split(";")]
        if match["final"] == "m":
            self._restyle(numbers)
        elif match["final"] == "A":
            self._y = max(0, self._y - max(1, numbers[0]))
        elif match["final"] == "K" and numbers[0] in (0, 2):
            del self._rows[self._y][self._x if numbers[0] == 0 else 0 :]
        elif match[0] in "\r\b":
            self._x = max(0, self._x - 1) if match[0] == "\b" else 0
        elif match[0] == "\n":
            self._go_down()
        elif match[0].isprintable() or match[0] in "\u200d\ufe0f":
            self._put(match[0], " ".join(filter(None, self._style.values())))
        elif not match["mode"]:  # which shows nothing
            for letter in repr(match[0])[1:-1].replace(r"\x1b", r"\e"):
                self._put(letter, "?")

    def _go_down(self) -> None:
        self._y += 1
        if self._y == len(self._rows):
            self._rows.append([])

    def _put(self, letter: str, style: str) -> None:
        if self._joins_the_last(letter):
            return
        width = cell_len(letter)
        if self._x + width > self._columns:
            self._continued.add(self._y)
            self._go_down()
            self._x = 0
        row = self._rows[self._y]
        row.extend([_Cell(" ", "")] * (self._x - len(row)))
        row[self._x : self._x + width] = [_Cell(letter, style), *[_Cell("", style)] * (width - 1)]
        self._x += width

    def _joins_the_last(self, letter: str) -> bool:
        """Add what takes no column of its own to the character before it."""
        row = self._rows[self._y]
        at = next((each for each in range(self._x - 1, -1, -1) if row[each].text), None)
        if at is None or letter.isascii():
            return False
        text, width = row[at].text + letter, cell_len(letter)
        if width and cell_len(text) >= cell_len(row[at].text) + width:
            return False
        grown = cell_len(text) - (self._x - at)
        row[at] = row[at]._replace(text=text)
        row[self._x : self._x] = [_Cell("", row[at].style)] * grown
        self._x += grown
        return True

    def _restyle(self, numbers: list[int]) -> None:
        """Take SGR: what is switched on is kept by its kind, so that it has one order."""
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                self._style = {}
            elif number in _ATTRIBUTES:
                self._style[_ATTRIBUTES[number]] = _ATTRIBUTES[number]
            elif number == 38:
                self._style["fore"] = _other(numbers)
            elif number == 48:
                self._style["on"] = f"on {_other(numbers)}"
            else:
                kind, name = _color(number)
                self._style[kind] = name
        self._style = dict(sorted(self._style.items(), key=lambda item: _ORDER.index(item[0])))

    def picture(self) -> str:
        lines = [
            "".join(_run(style, cells) for style, cells in groupby(row, lambda cell: cell.style))
            + "↵" * (number in self._continued)
            for number, row in enumerate(self._rows)
        ]
        return "\n".join(lines).rstrip("\n") + "\n"


_ORDER = [*_ATTRIBUTES.values(), "fore", "on", "?"]


def _run(style: str, cells: object) -> str:
    text = "".join(cell.text for cell in cells)
    return f"⟦{style}⟧{text}⟦/⟧" if style else text


def _color(number: int) -> tuple[str, str]:
    for begin, kind, before in (
        (30, "fore", ""), (40, "on", "on "), (90, "fore", "bright_"), (100, "on", "on bright_")
    ):  # fmt: skip
        if begin <= number < begin + len(_COLORS):
            return kind, before + _COLORS[number - begin]
    return "?", f"?{number}"


def _other(numbers: list[int]) -> str:
    """Take one of 256 colours, or one of all, off the front."""
    if numbers.pop(0) == 5:
        return f"color({numbers.pop(0)})"
    red, green, blue = (numbers.pop(0) for _ in range(3))
    return f"#{red:02x}{green:02x}{blue:02x}"
