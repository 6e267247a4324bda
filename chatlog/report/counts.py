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
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK
from chatlog.formats.visible import unformatted
from chatlog.query.predicates import LINK, is_question
from chatlog.report.deeds import as_spoken
from chatlog.report.hours import HOUR, MINUTE, quarter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.report.deeds import Deed
    from chatlog.report.holders import Holders

_AT_ONCE: Final = 8_000  # what the processor's cache takes
# Of text outside ASCII, which takes four times as much in memory, and is joined.
_LETTERS_AT_ONCE: Final = 4_000_000
_CLUES: Final = ("://", "ww.", "WW.")  # each link has one
_SPACES: Final = re.compile("  +")


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


Key = tuple[str, str, str, str]
"""Network ("" if all count as one), home, account ("" for none) and folded nick."""


class Counts(msgspec.Struct):
    """Counts of one target.

    `people` is by network, home, account and folded nick, `slots` by the beginnings of
    times of what was said, `types` by what was done.
    """

    people: dict[Key, Person] = {}
    slots: dict[str, int] = {}
    types: dict[str, int] = {}
    first: str = ""
    last: str = ""

    def add(self, other: Counts) -> None:
        """Add other counts to these."""
        for key, person in other.people.items():
            self.add_person(key, person)
        for mine, theirs in ((self.slots, other.slots), (self.types, other.types)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        self.note_times(other.first, other.last)

    def add_person(self, key: Key, person: Person) -> None:
        """Add the texts of a person under one nick and account."""
        if key in self.people:
            self.people[key].add(person)
        else:
            self.people[key] = msgspec.structs.replace(person)  # theirs stays as it is

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


def count(batches: Iterable[Sequence[Deed]], holders: Holders, grain: int = HOUR) -> Counts:
    """Count the events of one target, from batches of at most 1 MiB of lines.

    Some thousands of events are held at once, fewer if their texts are long.
    """
    counts = Counts()
    groups: _Groups = defaultdict(list)
    held = letters = 0
    for batch in batches:
        for deed in batch:
            if deed.relayed_nick:
                deed = as_spoken(deed)  # noqa: PLW2901 - a loop of comprehensions costs more
            groups[deed.type, deed.nick, deed.account].append(deed)
        held += len(batch)
        letters += sum([len(deed.text) for deed in batch])
        if held >= _AT_ONCE or letters >= _LETTERS_AT_ONCE:
            _count_groups(counts, groups, holders, grain)
            groups.clear()
            held = letters = 0
    _count_groups(counts, groups, holders, grain)
    return counts


_Groups = defaultdict[tuple[str, str, str], "list[Deed]"]


def _count_groups(counts: Counts, groups: _Groups, holders: Holders, grain: int) -> None:
    slots: Counter[str] = Counter()
    for (kind, nick, account), deeds in groups.items():
        times = sorted([deed.time for deed in deeds])  # nearly are: cheaper than min and max
        counts.note_times(times[0], times[-1])
        counts.types[kind] = counts.types.get(kind, 0) + len(deeds)
        if kind in TALK and nick:
            slots.update([time[:grain] for time in times])
            _count_people(counts, nick, account, deeds, holders)
    for slot, number in slots.items():
        begin = quarter_of(slot) if grain == MINUTE else slot
        counts.slots[begin] = counts.slots.get(begin, 0) + number


def _count_people(
    counts: Counts, nick: str, account: str, deeds: list[Deed], holders: Holders
) -> None:
    """Count the texts under one nick and account, for each home of the nick."""
    folded = holders.folds[nick]
    for home, mine in holders.by_home(folded, deeds):
        times = [deed.time for deed in mine]
        spoken = _spoken(nick, min(times), max(times), [deed.text for deed in mine])
        counts.add_person((holders.network, home, account, folded), spoken)


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
