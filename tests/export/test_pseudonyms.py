"""Pseudonyms: other names of people, the same ones each time."""

from __future__ import annotations

import re

from chatlog.casemapping import Casemapping
from chatlog.export.pseudonyms import with_pseudonyms
from tests.support.archive import event_at

FOLDS = Casemapping("rfc1459")


def told(*events, people=("ann", "ben"), key=bytes(32)):
    return [*with_pseudonyms(key, people, lambda _network: FOLDS)(events)]


def test_pseudonyms_stand_for_nicks_and_for_mentions_and_are_the_same_again():
    first, second = told(
        event_at(1, "Ben: hi, benign", account="ann"), event_at(2, "ANN?", nick="BEN")
    )
    assert re.fullmatch("anon-[a-z2-7]{10}", first.nick)
    assert (first.text, second.text) == (f"{second.nick}: hi, benign", f"{first.nick}?")
    assert first.account == first.nick


def test_realnames_and_private_messages_are_left_out():
    [join] = told(event_at(3, "Ann of Byron", type="join"), event_at(4, "hi", target="ben"))
    assert (join.type, join.text) == ("join", "")


def test_pseudonyms_of_another_archive_are_others():
    one, other = (told(event_at(1), key=bytes([number]) * 32)[0].nick for number in (1, 2))
    assert one != other
