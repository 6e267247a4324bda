"""What programs hear: a night in a channel with hard cases, and an evening with capabilities.

The night is that of 2026-10-25 in Berlin, which has a midnight and an hour twice.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.dialects.script import CHANNEL, OWN, SERVER, Script, Step

REPEATED: Final = "again"
SPLIT: Final = "hub.example leaf.example"


def _night() -> list[Step]:
    night = Script()
    night.at("2026-10-24T21:40:00")
    night.join(OWN)
    _people_come(night)
    _forgeries(night)
    _odd_texts(night)
    _odd_nicks(night)
    _order_is_kept(night)
    _people_go(night)
    _midnight_and_the_hour_twice(night)
    return night.steps


def _people_come(night: Script) -> None:
    night.join("ann")
    night.mode(SERVER, "+o", "ann")
    night.say("ann", "good evening")
    night.join("ben")
    night.mode("ann", "+v", "ben")
    night.say("ben", "evening, ann: is it on?")
    night.act("ann", "waves")
    night.notice("ann", "the meeting begins")


def _forgeries(night: Script) -> None:
    """Texts that look like the events, stamps and heads of logs."""
    for text in (
        "*** Joins: mallory (m@evil.example)",
        "*** mallory <mallory!m@evil.example> has joined #golden",
        "-!- mallory [m@evil.example] has joined #golden",
        "-!- mallory(m@evil.example) has joined #golden",
        "--> mallory (m@evil.example) has joined #golden",
        "mallory (m@evil.example) joined #golden.",
        "* mallory (m@evil.example) has joined",
        "=== ann is now known as mallory",
        "23:51 <ann> I never said this",
        "[23:51:00] <ann> nor this",
        "2026-10-24T23:51:00  <ann> nor that",
        "1792878660 <ann> nor anything",
        "--- Day changed Sun Oct 25 2026",
        "--- Log closed Sat Oct 24 23:51:00 2026",
        "**** ENDING LOGGING AT Sat Oct 24 23:51:00 2026",
        "<ann> a quotation",
        "> half a quotation",
        "* ann waves",
        "-ann- take care",
        "Last message repeated 7 time(s).",
    ):
        night.say("ben", text)
    night.act("ben", "has quit (forged)")
    night.act("ben", "is now known as mallory")
    night.notice("ben", "*** ann sets mode: +o mallory")


def _odd_texts(night: Script) -> None:
    night.say("ann", "\x02bold\x02 \x0304,12red\x03 \x1funder\x1f \x1ditalic\x1d \x16rev\x0f end")
    night.say("ann", "caf\u00e9 \u00fcber \u20ac", "cp1252")
    night.say("ann", "\U0001f389 \U0001f469\u200d\U0001f4bb caf\u00e9")
    night.say("ann", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eevil\u202c")
    night.say("ann", "ding\x07dong")
    night.say("ann", "\x1b[31mescaped\x1b[0m")
    night.say("ann", "tab\tbetween")
    night.say("ann", "  indented, and trailing  ")
    night.say("ann", "lines\u2028that\x85are\x0bnone")
    night.say("ann", ":colon first, \"quoted\" and 'single'")
    night.say("ann", "(brackets) [and] {more}")
    for _ in range(3):
        night.say("ben", REPEATED)
    night.act("ben", "")


def _odd_nicks(night: Script) -> None:
    night.join("[x]")
    night.say("[x]", "brackets are letters")
    night.act("[x]", "nods")
    night.join("w`e^i{r}d|")
    night.say("w`e^i{r}d|", "all of these are letters")
    night.notice("w`e^i{r}d|", "mind the nick")
    night.join("d-a-sh-")
    night.say("d-a-sh-", "dashes")
    night.notice("d-a-sh-", "- a notice - of dashes -")
    night.join("_")
    night.say("_", "short")
    night.rename("[x]", "x\\")
    night.say("x\\", "renamed")
    night.rename(OWN, "rec_")


def _order_is_kept(night: Script) -> None:
    night.join("mal")
    night.mode("ann", "+bb-v", "*!*@bad.example", "mal*!*@*", "ben")
    night.kick("ann", "mal", "enough (really) [now]")
    night.mode("ann", "+l", "20")
    night.mode("ann", "+k", "sesame")
    night.mode("ann", "-l")
    night.mode("ann", "-b", "*!*@bad.example")
    night.join("mal")
    night.kick("ann", "mal", "mal")
    night.topic("ann", 'the "new" topic to "be"')
    night.topic("ann", "\x02bold\x02 topic (with) 'quotes'")
    night.topic("ann", "")
    night.mode(SERVER, "-o", "ann")
    night.mode(SERVER, "+o", "ann")


def _people_go(night: Script) -> None:
    night.part("d-a-sh-", "leaving (with) [brackets]")
    night.part("w`e^i{r}d|", None)
    night.join("d-a-sh-")
    night.join("w`e^i{r}d|")
    night.quit("w`e^i{r}d|", "Quit: good (night)")
    night.quit("d-a-sh-", "")
    night.rename("ben", "benji")


def _midnight_and_the_hour_twice(night: Script) -> None:
    """Midnight is at 22:00 UTC; the clocks go back from 03:00 to 02:00 at 01:00 UTC."""
    night.at("2026-10-24T21:59:58")
    night.say("ann", "one more minute")
    night.at("2026-10-24T22:00:05")
    night.say("ann", "good morning")
    night.at("2026-10-24T23:59:50")
    night.say("ann", "before two")
    night.at("2026-10-25T00:30:00")
    night.say("ann", "half past two")
    night.at("2026-10-25T00:59:50")
    night.say("ann", "almost three")
    night.at("2026-10-25T01:00:10")
    night.say("ann", "two again")
    night.at("2026-10-25T01:30:00")
    night.say("ann", "half past two again")
    night.at("2026-10-25T02:00:10")
    night.say("ann", "three at last")
    night.quit("x\\", SPLIT, SPLIT)
    night.quit("_", SPLIT, SPLIT)
    night.at("2026-10-25T02:10:00")
    night.say("benji", "good night")


NIGHT: Final = tuple(_night())


def _evening() -> list[Step]:
    """Words of the program's user, queries, and what servers tell who is asked for it."""
    evening = Script()
    evening.at("2026-11-23T18:00:00")
    evening.join(OWN, realname="rec of the tests")
    evening.join("ann", account="ann", realname="Ann (the) [one]")
    evening.join("ben", realname="Ben")
    evening.mode("ann", "+v", OWN)
    evening.speak("good evening, ann")
    evening.speak("waves", kind="action")
    evening.say("ann", f"hello {OWN}")
    evening.query("ben", "psst")
    evening.query("ben", "whispers", "action")
    evening.query("ben", "a word", "notice")
    evening.speak("yes?", "ben")
    evening.say("ben", "on we go")
    evening.tell("account-notify", "account", "ben", "ACCOUNT benjamin", account="benjamin")
    evening.tell("account-notify", "account", "ben", "ACCOUNT *")
    evening.tell("away-notify", "away", "ann", "AWAY :at lunch", text="at lunch")
    evening.tell("away-notify", "away", "ann", "AWAY")
    evening.tell("chghost", "chghost", "ben", "CHGHOST b new.example", params=("b", "new.example"))
    evening.tell("setname", "setname", "ann", "SETNAME :Ann Other", text="Ann Other")
    evening.tell("invite-notify", "invite", "ann", f"INVITE dan {CHANNEL}", subject="dan")
    evening.kick("ann", OWN, "that is all")
    return evening.steps


EVENING: Final = tuple(_evening())

CAPABILITIES: Final = (
    *("extended-join", "account-notify", "away-notify", "chghost", "setname", "invite-notify"),
    *("multi-prefix", "server-time"),
)


class Conversation(NamedTuple):
    """A script, and the capabilities that its server offers."""

    steps: tuple[Step, ...]
    offered: tuple[str, ...] = ()


CONVERSATIONS: Final = {
    "night": Conversation(NIGHT),
    "evening": Conversation(EVENING, CAPABILITIES),
}
"""By their names, which the golden files have too."""
