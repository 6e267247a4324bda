"""Who said how much, and when: events folded into counts.

Pure. Counts of parts of an archive add up to those of the whole, in any order.
Times are counted by slots: the beginnings of times in UTC, as much of them as
`grain_for` says, and minutes by quarters of an hour. Texts of one person are
counted together, many at once, as most of the time would else go into taking
each up.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK, EventType, is_time, parse_time
from chatlog.formats.visible import unformatted
from chatlog.netsplit import split_of
from chatlog.query.predicates import LINK, is_question, may_link
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
_ONE_SPLIT: Final = 300_000
"""Milliseconds between quits of one netsplit: what the same servers do later is another."""
_MINUTE: Final = len("2026-11-23T18:20")
_SPACES: Final = re.compile("  +")
_LATER: Final = "~"
"""Behind the beginning of a time, the first that is later."""
_time: Final = attrgetter("time")


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
    times of what was said, `types` by what was done. `splits` has the quits of netsplits
    by the two servers and the minute.
    """

    people: dict[Key, Person] = {}
    slots: dict[str, int] = {}
    types: dict[str, int] = {}
    splits: dict[tuple[str, str], int] = {}
    first: str = ""
    last: str = ""

    def add(self, other: Counts) -> None:
        """Add other counts to these."""
        for key, person in other.people.items():
            self.add_person(key, person)
        for mine, theirs in ((self.slots, other.slots), (self.types, other.types)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for split, quits in other.splits.items():
            self.splits[split] = self.splits.get(split, 0) + quits
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
    def netsplits(self) -> int:
        """How many netsplits there were: each is one, however many left by it."""
        last: dict[str, int] = {}
        found = 0
        for servers, minute in sorted(self.splits):
            moment = parse_time(f"{minute}:00.000Z")
            found += moment - last.get(servers, -_ONE_SPLIT - 1) > _ONE_SPLIT
            last[servers] = moment
        return found

    @property
    def said(self) -> int:
        """How many lines people said."""
        return sum(self.slots.values())


def count(batches: Iterable[Sequence[Deed]], holders: Holders, grain: int = HOUR) -> Counts:
    """Count the events of one target, from batches of at most 1 MiB of lines.

    Some thousands of events are held at once, fewer if their texts are long.
    """
    counts = Counts()
    held: list[Deed] = []
    letters = 0
    for batch in batches:
        held += [as_spoken(deed) if deed.relayed_nick else deed for deed in batch]
        letters += sum([len(deed.text) for deed in batch])
        if len(held) >= _AT_ONCE or letters >= _LETTERS_AT_ONCE:
            _count_held(counts, held, holders, grain)
            held.clear()
            letters = 0
    if held:
        _count_held(counts, held, holders, grain)
    return counts


def _count_held(counts: Counts, held: list[Deed], holders: Holders, grain: int) -> None:
    """Count events together; sort them by time, which they nearly are."""
    held.sort(key=_time)
    counts.note_times(held[0].time, held[-1].time)
    groups: defaultdict[tuple[str, str, str], list[Deed]] = defaultdict(list)
    for deed in held:
        groups[deed.type, deed.nick, deed.account].append(deed)
    for (kind, nick, account), deeds in groups.items():
        counts.types[kind] = counts.types.get(kind, 0) + len(deeds)
        if kind == EventType.QUIT:
            _count_splits(counts, deeds)
        if kind in TALK and nick:
            _count_people(counts, nick, account, deeds, holders)
    said = [deed.time for deed in held if deed.type in TALK and deed.nick]
    for slot, number in _slots(said, grain):
        begin = quarter_of(slot) if grain == MINUTE else slot
        counts.slots[begin] = counts.slots.get(begin, 0) + number


def _count_splits(counts: Counts, quits: list[Deed]) -> None:
    for deed in quits:
        if (servers := split_of(deed)) and is_time(deed.time):
            key = servers, deed.time[:_MINUTE]
            counts.splits[key] = counts.splits.get(key, 0) + 1


def _slots(times: list[str], grain: int) -> Iterator[tuple[str, int]]:
    """Yield the beginnings of sorted times, and the number of times that begin so."""
    begin = 0
    while begin < len(times):
        slot = times[begin][:grain]
        later = f"{slot}{_LATER}"
        step = 1  # doubled: a slot may have one time, or all
        while begin + step < len(times) and times[begin + step] < later:
            step *= 2
        end = bisect_left(times, later, begin + step // 2, min(begin + step, len(times)))
        yield slot, end - begin
        begin = end


def _count_people(
    counts: Counts, nick: str, account: str, deeds: list[Deed], holders: Holders
) -> None:
    """Count the texts under one nick and account, for each home of the nick."""
    folded = holders.folds[nick]
    for home, mine in holders.by_home(folded, deeds):
        spoken = _spoken([deed.text for deed in mine])
        spoken.nick, spoken.first, spoken.last = nick, mine[0].time, mine[-1].time
        counts.add_person((holders.network, home, account, folded), spoken)


def _spoken(texts: list[str]) -> Person:
    """Count texts together; the nick and the times are the caller's."""
    spoken = Person("", "", "", lines=len(texts))
    # Texts outside ASCII would make the others wide, which takes twice as long.
    plain = [text for text in texts if text.isascii()]
    _add_texts(spoken, plain)
    if len(plain) < len(texts):
        _add_texts(spoken, [text for text in texts if not text.isascii()])
    return spoken


def _add_texts(spoken: Person, texts: list[str]) -> None:
    """Add the counts of texts, all in ASCII or all not."""
    joined = " ".join(texts)
    if not joined.isprintable():  # most people never write anything else
        texts = [text if text.isprintable() else unformatted(text) for text in texts]
        joined = " ".join(texts)
        if not joined.isprintable():
            for text in texts:
                _add_text(spoken, text)
            return
    spoken.words += _words(joined)
    spoken.letters += len(joined) - max(0, len(texts) - 1)
    spoken.questions += sum(map(is_question, [text for text in texts if "?" in text]))
    spoken.links += _links(joined)


def _add_text(spoken: Person, text: str) -> None:
    spoken.words += len(text.split())
    spoken.letters += len(text)
    spoken.questions += is_question(text)
    spoken.links += len(LINK.findall(text)) if may_link(text) else 0


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
