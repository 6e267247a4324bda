"""Options built from the table of settings."""

from __future__ import annotations

import os

import click
import pytest

from chatlog.archive.storage import Storage
from chatlog.cli.commands import audit, maintain, record, sync
from chatlog.cli.options import plans, reading
from chatlog.cli.options.types import given
from chatlog.connection import Route
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session_settings import SessionSettings
from chatlog.settings.kinds import Flag, SecretText
from chatlog.settings.setting import variable
from chatlog.settings.table import SETTINGS

COMMANDS = {"record": record, "sync": sync, "audit": audit, "maintain": maintain}
OF_THE_COMMAND = {
    "--take-over",
    "--publish",
    "--nats-creds",
    "--nats-ca",
    "--for",
    "--until",
    "--idle",
    "--max-events",
    "--quiet",
    "--verbose",
    "--help-all",
}
NO_SETTINGS = {"--config", "--network", "--channel-keys-file"}


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CHATLOG_")]:
        monkeypatch.delenv(name)


def typed(*arguments):
    """Parse arguments of `record`, and return the ones that were typed."""
    return given(record.command.make_context("record", list(map(str, arguments))))


def options_of(module):
    return {
        max(option.opts, key=len): option
        for option in module.command.params
        if isinstance(option, click.Option)
    }


def test_record_has_an_option_for_every_setting_that_names_one():
    options = {f"--{setting.option_name}" for setting in SETTINGS if setting.option}
    assert set(options_of(record)) == options | OF_THE_COMMAND | NO_SETTINGS


@pytest.mark.parametrize("verb", COMMANDS)
def test_an_option_is_the_same_in_every_command_that_has_it(verb):
    known = {f"--{setting.option_name}" for setting in SETTINGS} | NO_SETTINGS
    for name, option in options_of(COMMANDS[verb]).items():
        if name in known - {"--config", "--tz"}:
            assert option.to_info_dict() == options_of(record)[name].to_info_dict()


def test_a_parameter_has_the_name_of_the_field_that_its_value_goes_to():
    values = typed(
        *("-s", "a.test", "--alternate", "x", "--alternate", "y", "--no-tls", "--timeout", "1m"),
        *("--queries", "--format", "text", "--file-mode", "600", "--sasl", "plain"),
    )
    assert values.pop("servers")[0].host == "a.test"
    assert values == {
        "alternates": ("x", "y"), "tls": False, "timeout": 60.0, "queries": True,
        "format": ("text",), "file_mode": 0o600, "sasl": "PLAIN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--timeout", "0"), "this is no duration"),
        (("--off-record-prefix", " "), "an empty prefix would keep everything out"),
        (("--realname", "a\nb"), "a line break or NUL cannot be sent"),
        (("--sasl", "CRAM-MD5"), "'CRAM-MD5' is none of EXTERNAL, SCRAM-SHA-512"),
        (("--tz", "Mars"), "there is no time zone 'Mars'"),
    ],
)
def test_an_option_refuses_what_the_file_refuses(arguments, reason):
    with pytest.raises(click.BadParameter, match=reason):
        typed(*arguments)


def test_a_variable_stands_for_an_option_and_the_option_wins(monkeypatch):
    monkeypatch.setenv("CHATLOG_TZ", "Asia/Tokyo")
    monkeypatch.setenv("CHATLOG_CHANNEL", "a b")
    values = typed("--tz", "UTC")
    assert [channel.name for channel in values.pop("channels")] == ["#a", "#b"]
    assert values == {"tz": "UTC"}


@pytest.mark.parametrize(
    "setting", [each for each in SETTINGS if each.option], ids=lambda each: each.name
)
def test_the_variable_of_a_setting_is_the_one_that_the_table_says(setting):
    option = options_of(record)[f"--{setting.option_name}"]
    secret = isinstance(setting.kind, SecretText)
    expected = variable(setting.option_name) if setting.env or secret else None
    assert option.envvar == expected
    if secret:
        assert f"CHATLOG_{setting.name.upper().replace('-', '_')}" in option.help
    negatable = isinstance(setting.kind, Flag) and setting.kind.negatable
    assert option.secondary_opts == ([f"--no-{setting.name}"] if negatable else [])


def test_archive_is_the_same_option_where_the_table_is_not_imported():
    @click.command
    @reading.archive_options()
    def command():
        pass

    assert command.params[0].to_info_dict() == options_of(record)["--archive"].to_info_dict()


# -- a default stands once ---------------------------------------------------------


def planned():
    context = record.command.make_context("record", ["-s", "a.test", "-c", "x"])
    settings = plans.settings_of(context)
    return settings, plans.plans_of(settings)[0]


def test_without_an_option_the_archive_is_written_as_its_own_defaults_say():
    settings, _ = planned()
    kept = plans.storage_of(settings)
    assert kept == Storage(root=kept.root)


def test_without_an_option_the_session_behaves_as_its_own_defaults_say():
    _, plan = planned()
    who = Identity(nick="chatlog")
    assert plan.route == Route()
    assert plan.session == SessionSettings(network="a.test", identity=who, channels=("#x",))
