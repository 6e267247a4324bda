"""Classes of events by the words that choose them."""

from __future__ import annotations

import pytest

from chatlog.errors import UsageError
from chatlog.event import CLASSES
from chatlog.settings.classes import ClassWords, chosen
from chatlog.settings.keep import KeepTime

ALL = set(CLASSES)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("all", ALL),
        ("talk", {"talk"}),
        ("talk,topic", {"talk", "topic"}),
        ("talk, topic", {"talk", "topic"}),
        ("talk,topic,-presence", {"talk", "topic"}),
        ("-presence", ALL - {"presence"}),
        ("- presence".replace(" ", ""), ALL - {"presence"}),
        ("-presence,-server", ALL - {"presence", "server"}),
        ("all,-server", ALL - {"server"}),
        ("-all,talk", {"talk"}),
        ("talk,-talk,topic", {"topic"}),
    ],
)
def test_words_choose_classes_in_their_order(text, classes):
    assert chosen(ClassWords().parse(text)) == classes


def test_no_word_chooses_every_class():
    assert chosen(()) == ALL


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("presense", "there is no class 'presense'; did you mean presence?"),
        ("Talk", "there is no class 'Talk'; did you mean talk?"),
        ("-sever", "there is no class 'sever'; did you mean server?"),
        ("join", "'join' is a type of the class presence; name the class"),
        ("topic,message", "'message' is a type of the class talk; name the class"),
        ("", "there is no class ''; known are talk, presence, topic, moderation, server and all"),
        ("--talk", "there is no class '-talk'; did you mean talk?"),
    ],
)
def test_an_unknown_class_is_refused_with_the_near_one(text, reason):
    with pytest.raises(UsageError) as refused:
        ClassWords().parse(text)
    assert str(refused.value) == reason


def test_times_of_several_classes_in_one_text_are_refused():
    with pytest.raises(UsageError, match="is more than one time; repeat the option"):
        KeepTime().parse("presence=30d,talk=forever")


def test_a_choice_that_leaves_no_class_is_refused():
    with pytest.raises(UsageError, match="no class is left to record"):
        chosen(ClassWords().parse("talk,-talk"))
