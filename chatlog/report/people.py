"""Who is one person: an account, or the home of nicks that were changed into one another. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from chatlog.report.counts import Person

if TYPE_CHECKING:
    from chatlog.report.counts import Counts


class Somebody(msgspec.Struct):
    """One person: all nicks, the most used first, and the account if it is known.

    `network` is "" if networks are counted as one.
    """

    network: str
    nicks: list[str]
    account: str
    total: Person


def people_in(counts: Counts, *, join: bool = True) -> list[Somebody]:
    """List who spoke, who said most first.

    With `join` the lines of one account are one person's, and so are those of one home
    (see `holders`) that had no account. If one account alone spoke from that home, the
    two are one person. Without `join` each nick is a person.
    """
    known: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for network, home, account, _ in counts.people:
        known[network, home].update({account} - {""})
    nicks: defaultdict[tuple[str, str, str], dict[str, Person]] = defaultdict(dict)
    accounts: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for (network, home, account, nick), person in counts.people.items():
        only = known[network, home] if len(known[network, home]) == 1 else {""}
        whose = account or next(iter(only))
        group = (network, whose, "" if whose else home) if join else (network, "", nick)
        accounts[group].update({whose if join else account} - {""})
        if nick in nicks[group]:
            nicks[group][nick].add(person)
        else:
            nicks[group][nick] = msgspec.structs.replace(person)
    found = [
        _somebody(group[0], list(members.values()), accounts[group])
        for group, members in nicks.items()
    ]
    return sorted(found, key=lambda each: (-each.total.lines, each.nicks, each.network))


def _somebody(network: str, members: list[Person], accounts: set[str]) -> Somebody:
    members.sort(key=lambda person: (-person.lines, person.nick))
    total = Person(members[0].nick, members[0].first, members[0].last)
    for each in members:
        total.add(each)
    total.nick = members[0].nick
    account = min(accounts) if len(accounts) == 1 else ""
    return Somebody(network, [each.nick for each in members], account, total)
