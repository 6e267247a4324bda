"""Who said how much, and when: events folded into counts.

Pure. Counts of parts of an archive add up to those of the whole, in any order.
Times are counted by slots: the beginnings of times in UTC, as much of them as
`grain_for` says, and minutes by quarters of an hour. Texts of one person are
counted together, many at once, as most of the time would else go into taking
each up.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import filterfalse
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chatlog.event import TALK, EventType
from chatlog.formats.visible import unformatted
from chatlog.query.predicates import LINK, is_question
from chatlog.report.hours import HOUR, MINUTE, quarter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.casemapping import Casemapping

_AT_ONCE: Final = 8_000  # what the processor's cache takes
# A batch may be 1 MiB of text, which takes four times as much in memory, and is joined.
_BATCHES_AT_ONCE: Final = 8
_CLUES: Final = ("://", "ww.", "WW.")  # each link has one
_SPACES: Final = re.compile("  +")


class Deed(Protocol):
    """The fields of an event that are counted."""

    @property
    def time(self) -> str:
        """When it was done, as in an Event."""

    @property
    def type(self) -> str:
        """The type of the event."""

    @property
    def nick(self) -> str:
        """Who did it."""

    @property
    def account(self) -> str:
        """As whom they were logged in."""

    @property
    def text(self) -> str:
        """The text of the event."""

    @property
    def subject(self) -> str:
        """To whom it was done."""


class Person(msgspec.Struct, array_like=True):
    """The counts of one person: lines, words, letters, questions, links, first and last time.

    `nick` is as it was spelled first; of two spellings at once, the lower one.
    """

    nick: str
    first: str
    last: str
    lines: int = 0
    words: int = 0
    letters: int = 0
    questions: int = 0
    links: int = 0

    def add(self, other: Person) -> None:
        """Add other counts to these."""
        self.first, self.nick = min((self.first, self.nick), (other.first, other.nick))
        self.last = max(self.last, other.last)
        self.lines += other.lines
        self.words += other.words
        self.letters += other.letters
        self.questions += other.questions
        self.links += other.links


class Counts(msgspec.Struct):
    """Counts of one target.

    `people` is by folded nick, `slots` by the beginnings of times of what was
    said, `types` by what was done; `accounts` are pairs of nick and account,
    `changes` pairs of nicks.
    """

    people: dict[str, Person] = {}
    slots: dict[str, int] = {}
    types: dict[str, int] = {}
    accounts: set[tuple[str, str]] = set()
    changes: set[tuple[str, str]] = set()
    first: str = ""
    last: str = ""

    def add(self, other: Counts) -> None:
        """Add other counts to these."""
        for nick, person in other.people.items():
            self.add_person(nick, person)
        for mine, theirs in ((self.slots, other.slots), (self.types, other.types)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.accounts |= other.accounts
        self.changes |= other.changes
        self.note_times(other.first, other.last)

    def add_person(self, nick: str, person: Person) -> None:
        """Add the texts of a person."""
        if nick in self.people:
            self.people[nick].add(person)
        else:
            self.people[nick] = msgspec.structs.replace(person)  # theirs stays as it is

    def note_times(self, first: str, last: str) -> None:
        """Reach from the first time to the last one; empty ones are none."""
        self.first = min(filter(None, (self.first, first)), default="")
        self.last = max(self.last, last)

    @property
    def events(self) -> int:
        """How many there are in all."""
        return sum(self.types.values())

    @property
    def said(self) -> int:
        """How many lines people said."""
        return sum(self.slots.values())


def count(batches: Iterable[Sequence[Deed]], folds: Casemapping, grain: int = HOUR) -> Counts:
    """Count the events of one target, from batches of at most 1 MiB of lines.

    The events of a few batches are held at once, however long their texts are.
    """
    counts = Counts()
    groups: _Groups = defaultdict(list)
    held = held_batches = 0
    for batch in batches:
        for deed in batch:
            groups[deed.type, deed.nick, deed.account].append(deed)
        held += len(batch)
        held_batches += 1
        if held >= _AT_ONCE or held_batches >= _BATCHES_AT_ONCE:
            _count_groups(counts, groups, folds, grain)
            groups.clear()
            held = held_batches = 0
    _count_groups(counts, groups, folds, grain)
    return counts


_Groups = defaultdict[tuple[str, str, str], list[Deed]]


def _count_groups(counts: Counts, groups: _Groups, folds: Casemapping, grain: int) -> None:
    slots: Counter[str] = Counter()
    for (kind, nick, account), deeds in groups.items():
        times = sorted([deed.time for deed in deeds])  # nearly are: cheaper than min and max
        first, last = times[0], times[-1]
        counts.note_times(first, last)
        counts.types[kind] = counts.types.get(kind, 0) + len(deeds)
        if kind in TALK and nick:
            folded = folds[nick]
            slots.update([time[:grain] for time in times])
            counts.add_person(folded, _spoken(nick, first, last, [deed.text for deed in deeds]))
            if account:
                counts.accounts.add((folded, account))
        elif kind == EventType.NICK:
            renamed = [folds[deed.subject] for deed in deeds if nick and deed.subject]
            counts.changes.update((folds[nick], name) for name in renamed)
    for slot, number in slots.items():
        begin = quarter_of(slot) if grain == MINUTE else slot
        counts.slots[begin] = counts.slots.get(begin, 0) + number


def _spoken(nick: str, first: str, last: str, texts: list[str]) -> Person:
    """Count texts together."""
    printable, others, joined = texts, list[str](), " ".join(texts)
    if not joined.isprintable():  # most people never write anything else
        printable = list(filter(str.isprintable, texts))
        others = [unformatted(text) for text in filterfalse(str.isprintable, texts)]
        joined = " ".join(printable)
    shown = [*printable, *others]
    return Person(
        nick,
        first,
        last,
        lines=len(texts),
        words=_words(joined) + sum(len(text.split()) for text in others),
        letters=len(joined) - max(0, len(printable) - 1) + sum(map(len, others)),
        questions=sum(is_question(text) for text in shown if "?" in text),
        links=_links(joined) + sum(len(LINK.findall(text)) for text in others),
    )


def _links(printable: str) -> int:
    """Count links, of which none reaches over a space: only words that may be one are looked at."""
    begins = {printable.rfind(" ", 0, at) + 1 for clue in _CLUES for at in _places(printable, clue)}
    ends = ((begin, printable.find(" ", begin)) for begin in begins)
    words = (printable[begin : end if end >= 0 else None] for begin, end in ends)
    return sum(len(LINK.findall(word)) for word in words)


def _places(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def _words(printable: str) -> int:
    """Count words as `split` would: in a printable text the space is the only white space."""
    text = printable.strip(" ")
    runs = _SPACES.findall(text) if "  " in text else []
    return text.count(" ") - sum(map(len, runs)) + len(runs) + 1 if text else 0
