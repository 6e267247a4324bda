"""Rules for some channels and networks, and their form in chatlog.toml.

The annotations are evaluated, so this module does without the __future__ of
the others: `settings_of` finds the rows in them.
"""

from typing import Annotated, Any, ClassVar, Final

import msgspec

from chatlog.settings import parsers
from chatlog.settings.classes import ClassSelection
from chatlog.settings.keep import Keep, KeepTimes
from chatlog.settings.key_path import KeyPath
from chatlog.settings.kinds import Parsed, Several
from chatlog.settings.setting import Scope, Section, Setting, settings_of
from chatlog.settings.toml_table import keys_of, read_table

_NAMES: Final = Several(Parsed(parsers.parse_glob, "GLOB"))


# fmt: off
class RuleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A rule: its channels and networks, the classes that are recorded there, and for how long.

    An empty list of channels or networks means all of them.
    """

    channels: Annotated[tuple[str, ...], Setting(
        Section.RULE, _NAMES,
        "Channels that the rule is for: #python, #python-*, libera/#python.",
        unset="all", option=False, example='["#support*"]',
    )] = ()
    networks: Annotated[tuple[str, ...], Setting(
        Section.RULE, _NAMES, "Networks that the rule is for.",
        unset="all", option=False, example='["libera"]',
    )] = ()
    record: Annotated[tuple[str, ...], Setting(
        Section.RULE, ClassSelection(), "Classes of events to record there.",
        unset="those of [storage]", option=False, example='["talk", "topic"]',
    )] = ()
    keep: Annotated[Keep | None, Setting(
        Section.RULE, KeepTimes(), "How long to keep the events there: of all classes or of each.",
        note="Classes without a time are kept as in [storage], unless `all` has a time.",
        unset="as in [storage]", option=False, example='{talk = "forever", presence = "30d"}',
    )] = None
# fmt: on


RULE: Final = settings_of(RuleConfig, Scope.RULE)
"""The rows of a rule's table."""

_KEYS: Final = keys_of(RULE)


class ListedRule(msgspec.Struct, frozen=True):
    """A kind of values: a rule, in TOML a table."""

    metavar: ClassVar[str] = "RULE"

    def read(self, value: Any, place: KeyPath) -> RuleConfig:
        """Read a table; refuse a rule that changes nothing."""
        rule = RuleConfig(**read_table(value, _KEYS, place))
        if not (rule.record or rule.keep):
            raise place.refuse('a rule needs record or keep; say record = ["talk", "topic"]')
        return rule

    def spell(self, value: RuleConfig) -> str:
        """Return the patterns of the channels and networks."""
        return " ".join((*value.channels, *value.networks))
