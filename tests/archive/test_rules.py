"""Rules of an archive: the first that matches a target decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.rules import EVERY, Rule, Rules, classes_of, kinds_of
from chatlog.casemapping import Casemapping
from chatlog.event import CLASSES

TALK = frozenset({"talk"})
TOPIC = frozenset({"topic"})
FOLDS = Casemapping("rfc1459")


@pytest.mark.parametrize(
    ("rule", "network", "target", "matches"),
    [
        (Rule(), "net", "#a", True),
        (Rule(), "net", "@server", True),
        (Rule(channels=("#a",)), "net", "#A", True),
        (Rule(channels=("a",)), "net", "#a", True),
        (Rule(channels=("#[x]",)), "net", "#{X}", True),
        (Rule(channels=("#sup*",)), "net", "#support", True),
        (Rule(channels=("#sup*",)), "net", "#sub", False),
        (Rule(channels=("#b", "#?")), "net", "#a", True),
        (Rule(channels=("*",)), "net", "@server", False),
        (Rule(channels=("@server",)), "net", "@server", True),
        (Rule(channels=("Net/#a",)), "net", "#a", True),
        (Rule(channels=("other/#a",)), "net", "#a", False),
        (Rule(networks=("NET",)), "net", "#a", True),
        (Rule(networks=("n*",)), "net", "@server", True),
        (Rule(networks=("other",)), "net", "#a", False),
        (Rule(networks=("other",), channels=("#a",)), "net", "#a", False),
    ],
)
def test_a_rule_matches_by_globs_that_fold_as_the_network_does(rule, network, target, matches):
    assert rule.matches(network, target, FOLDS) == matches


def test_the_first_rule_that_matches_counts_and_leaves_open_what_it_does_not_say():
    rules = Rules(
        record=TOPIC,
        rules=(Rule(channels=("#open",)), Rule(channels=("#o*",), record=TALK)),
    )
    found = [rules.of("net", name, FOLDS) for name in ("#open", "#other", "#a")]
    assert [(each.record, each.number) for each in found] == [(TOPIC, 1), (TALK, 2), (TOPIC, 0)]


def test_every_class_is_recorded_unless_a_rule_or_the_archive_leaves_one_out():
    assert Rules().record_all
    assert Rules(rules=(Rule(), Rule(record=EVERY))).record_all
    assert not Rules(record=TALK).record_all
    assert not Rules(rules=(Rule(record=TALK),)).record_all


@given(st.sets(st.sampled_from(sorted(CLASSES)), min_size=1))
def test_the_kinds_of_a_ledger_name_the_classes(classes):
    assert classes_of(kinds_of(classes)) == classes


@pytest.mark.parametrize(
    ("kinds", "classes"),
    [("", EVERY), ("all", EVERY), ("talk later", TALK), ("later", frozenset())],
)
def test_kinds_of_other_versions_claim_no_class_that_they_do_not_name(kinds, classes):
    assert classes_of(kinds) == classes
