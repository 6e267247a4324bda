"""The table of settings, and the texts that are made from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatlog.settings.channel import ChannelConfig
from chatlog.settings.config import Config
from chatlog.settings.key_path import KeyPath
from chatlog.settings.kinds import Flag, Several
from chatlog.settings.network import NetworkConfig
from chatlog.settings.rule import RuleConfig
from chatlog.settings.setting import Scope, Section, variable
from chatlog.settings.storage import StorageConfig
from chatlog.settings.table import SECRETS, SETTINGS, of_scope, of_sections
from tests.support.settings import example, toml_of, with_tables
from tests.test_words import RIDDLE

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/configuration.md"
EXAMPLE = ROOT / "chatlog/data/chatlog.toml"
WRITE = "CHATLOG_WRITE_SETTINGS=1 make test PYTEST_ARGS=tests/settings/test_table.py"
BY_NAME = {f"{setting.scope}.{setting.name}": setting for setting in SETTINGS}
EVERY = pytest.mark.parametrize("setting", SETTINGS, ids=BY_NAME)


# -- the rows ----------------------------------------------------------------------


def test_each_scope_is_a_struct_with_a_row_for_every_field():
    rows = {scope: [setting.field for setting in of_scope(scope)] for scope in Scope}
    assert rows == {
        Scope.RUN: ["metrics_file", "metrics_listen", "pipe", "shard", "replicas"],
        Scope.STORAGE: list(StorageConfig.__struct_fields__),
        Scope.NETWORK: list(NetworkConfig.__struct_fields__),
        Scope.RULE: list(RuleConfig.__struct_fields__),
        Scope.CHANNEL: list(ChannelConfig.__struct_fields__),
    }
    own = {"metrics_file", "metrics_listen", "pipe", "shard", "replicas"}
    assert own | {"is_part", "networks", "path", "storage", "warnings"} == set(
        Config.__struct_fields__
    )


def test_no_two_settings_share_a_key_or_an_option():
    keys = [(setting.scope, setting.name) for setting in SETTINGS]
    options = [setting.option_name for setting in SETTINGS if setting.option]
    options += [setting.former for setting in SETTINGS if setting.former]
    shorts = [setting.short for setting in SETTINGS if setting.short]
    shorts += [setting.former_short for setting in SETTINGS if setting.former_short]
    for names in (keys, options, shorts):
        assert len(set(names)) == len(names)


def test_every_section_lists_settings_of_one_scope():
    for section in Section:
        assert len({setting.scope for setting in of_sections(section)}) == 1


@EVERY
def test_a_help_is_a_sentence_that_keeps_the_rule_for_words(setting):
    for text in filter(None, (setting.help, setting.option_help)):
        assert text[0].isupper()
        assert text.endswith(".")
        assert not RIDDLE.search(text)
    assert not setting.unset.endswith(".")


@EVERY
def test_a_default_can_be_written_into_the_file_and_is_read_back_as_it_was(setting):
    if setting.default in (None, "") or setting.is_secret:
        return
    import tomllib

    value = tomllib.loads(f"key = {toml_of(setting)}")["key"]
    assert setting.kind.read(value, KeyPath(Path("/x.toml"))) == setting.default


@EVERY
def test_an_option_reads_a_default_from_the_text_that_its_help_shows(setting):
    item = setting.kind.item if isinstance(setting.kind, Several) else setting.kind
    values = setting.default or () if isinstance(setting.kind, Several) else (setting.default,)
    if isinstance(item, Flag) or not hasattr(item, "parse"):
        return
    for value in filter(None, values):
        assert item.parse(item.spell(value)) == value


@EVERY
def test_a_setting_without_a_default_to_show_has_an_example_or_says_what_to_type(setting):
    assert setting.example or toml_of(setting) not in {"", '""', "[]"}


def test_the_secrets_are_the_settings_that_must_never_be_shown():
    assert {setting.name for setting in SECRETS} == {
        "key", "password", "sasl-password", "nickserv-password", "proxy-password",
    }  # fmt: skip
    assert all(not setting.env for setting in SECRETS)


def test_a_variable_has_the_name_of_its_option():
    assert variable("sasl-user") == "CHATLOG_SASL_USER"


# -- the texts ---------------------------------------------------------------------


def hold_against(path, text):
    """Hold a file against its text; write it first if that is asked for."""
    if os.environ.get("CHATLOG_WRITE_SETTINGS"):
        path.write_text(text)
    assert path.read_text() == text, f"{path.name} is not current; {WRITE}"


def test_the_tables_of_the_document_are_current():
    hold_against(DOCUMENT, with_tables(DOCUMENT.read_text()))


def test_every_section_has_its_table_in_the_document():
    for section in Section:
        assert f"<!-- settings: {section} -->" in DOCUMENT.read_text()


def test_the_commented_example_is_current():
    hold_against(EXAMPLE, example())
