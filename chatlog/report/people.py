"""Who is one person: nicks that share an account, or were changed into one another. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from chatlog.report.counts import Person

if TYPE_CHECKING:
    from chatlog.report.counts import Counts


class Somebody(msgspec.Struct):
    """One person: all nicks, the most used first, and the account if it is known."""

    nicks: list[str]
    account: str
    total: Person


def people_in(counts: Counts, *, join: bool = True) -> list[Somebody]:
    """List who spoke, who said most first.

    With `join` nicks of one account are one person, and so are nicks that were
    changed into one another, unless that would make one of two accounts. A nick
    that two accounts had is nobody's: it stands for itself, without an account.
    """
    groups = _groups(counts) if join else {nick: nick for nick in counts.people}
    members: defaultdict[str, list[Person]] = defaultdict(list)
    for nick, person in counts.people.items():
        members[groups.get(nick, nick)].append(person)
    accounts: defaultdict[str, set[str]] = defaultdict(set)
    for nick, account in counts.accounts:
        accounts[groups.get(nick, nick)].add(account)
    found = [_somebody(each, accounts[root]) for root, each in members.items()]
    return sorted(found, key=lambda each: (-each.total.lines, each.nicks))


def _somebody(members: list[Person], accounts: set[str]) -> Somebody:
    members.sort(key=lambda person: (-person.lines, person.nick))
    total = Person(members[0].nick, members[0].first, members[0].last)
    for each in members:
        total.add(each)
    total.nick = members[0].nick
    account = min(accounts) if len(accounts) == 1 else ""
    return Somebody([each.nick for each in members], account, total)


def _groups(counts: Counts) -> dict[str, str]:
    """Return the group of each nick, named after one of its nicks."""
    roots: dict[str, str] = {}
    accounts: dict[str, set[str]] = defaultdict(set)

    def root(nick: str) -> str:
        while (above := roots.setdefault(nick, nick)) != nick:
            roots[nick] = nick = roots[above]  # the way gets shorter each time
        return nick

    def join(one: str, other: str) -> None:
        one, other = root(one), root(other)
        if one != other:
            roots[other] = one
            accounts[one] |= accounts[other]

    for nick, account in counts.accounts:
        accounts[nick].add(account)
    by_account: dict[str, str] = {}
    for nick, account in sorted(counts.accounts):
        if len(accounts[nick]) == 1:
            join(by_account.setdefault(account, nick), nick)
    for one, other in sorted(counts.changes):
        if len(accounts[root(one)] | accounts[root(other)]) <= 1:
            join(one, other)
    return {nick: root(nick) for nick in list(roots)}
