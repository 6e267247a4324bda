"""From what was typed, over the environment, over the file, to plans."""

from __future__ import annotations

import re

import click
import pytest

from chatlog.casemapping import Casemapping
from chatlog.cli.commands import record
from chatlog.cli.options import plans
from chatlog.errors import UsageError


def context(*arguments):
    """Parse arguments as the command line does, without running the command."""
    return record.command.make_context("record", [str(each) for each in arguments])


def planned(*arguments):
    settings = plans.settings_of(context(*arguments))
    return plans.plans_of(settings)


def only(*arguments):
    (plan,) = planned(*arguments)
    return plan


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("CHATLOG_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "chatlog.toml"
    path.write_text(
        '[defaults]\nnick = "scribe"\nqueries = true\n'
        '[networks.one]\nservers = ["irc.one.test"]\nchannels = ["#a"]\n'
        '[networks.two]\nservers = ["irc.two.test"]\nchannels = ["#b"]\nnick = "clerk"\n'
    )
    return path


@pytest.mark.parametrize(
    ("name", "host"),
    [("libera", "irc.libera.chat"), ("OFTC", "irc.oftc.net"), ("twitch", "irc.chat.twitch.tv")],
)
def test_a_network_known_by_name_needs_no_host(name, host):
    plan = only("--server", name, "--channel", "a")
    assert [(each.host, each.port, each.tls) for each in plan.addresses] == [(host, 6697, True)]
    assert plan.session.network == name.lower()


def test_people_of_optout_in_the_archive_are_ignored_on_their_networks(config, tmp_path):
    (tmp_path / "OPTOUT").write_text("ann\ntwo/ben\none/account:cat\n")
    one, two = planned("--config", config, "--archive", tmp_path)
    assert one.session.privacy.ignore == ("ann",)
    assert one.session.privacy.ignore_accounts == ("ann", "cat")
    assert two.session.privacy.ignore == ("ann", "ben")
    assert two.session.privacy.ignore_accounts == ("ann", "ben")


def test_an_optout_that_makes_no_sense_is_an_error_before_anything_is_recorded(config, tmp_path):
    (tmp_path / "OPTOUT").write_text("two words\n")
    with pytest.raises(UsageError, match="OPTOUT, line 1: say a nick"):
        planned("--config", config, "--archive", tmp_path)


def test_twitch_is_listened_to_by_a_nick_of_nobody_at_its_pace():
    session = only("--server", "twitch", "--channel", "SomeStreamer").session
    assert session.identity.nick.startswith("justinfan")
    assert session.identity.nick.removeprefix("justinfan").isdigit()
    assert {"twitch.tv/tags", "twitch.tv/commands"} <= set(session.identity.capabilities)
    assert session.join_pace == (20, 10.0)
    assert session.channels == ("#somestreamer",)


@pytest.mark.parametrize(
    ("more", "joins", "logins"),
    [
        ("", (4, 10.0), (4, 10.0)),
        ("divide-limits = true\n", (4, 10.0), (4, 10.0)),
        ("divide-limits = false\n", (20, 10.0), (20, 10.0)),
    ],
)
def test_a_shard_takes_its_part_of_the_limits_of_a_network(tmp_path, more, joins, logins):
    channels = [f"c{number}" for number in range(50)]
    path = tmp_path / "chatlog.toml"
    servers = '[networks.twitch]\nservers = ["irc.chat.twitch.tv"]\n'
    path.write_text(f"{servers}{more}channels = {channels}\n")
    plan = only("--config", path, "--shard", "2/5")
    assert (plan.session.join_pace, plan.login_pace) == (joins, logins)
    plan = only("--config", path)
    assert (plan.session.join_pace, plan.login_pace) == ((20, 10.0), (20, 10.0))


def test_the_quirks_of_a_network_go_with_its_host():
    session = only("--server", "irc.chat.twitch.tv", "--channel", "a").session
    assert session.join_pace == (20, 10.0)


def test_several_servers_are_one_network():
    plan = only("--server", "a.test", "--server", "irc://b.test", "--channel", "x")
    assert [str(each) for each in plan.addresses] == ["a.test:6697", "b.test:6667"]
    assert plan.session.network == "a.test"


def test_a_network_known_by_name_may_have_further_servers():
    plan = only("--server", "libera", "--server", "irc.more.test", "--channel", "x")
    assert [each.host for each in plan.addresses] == ["irc.libera.chat", "irc.more.test"]


def test_who_has_a_file_means_to_keep_at_it(config):
    assert [plan.retry for plan in planned("--config", config)] == [True, True]
    assert [plan.retry for plan in planned("--config", config, "--no-retry")] == [False, False]
    assert not only("--server", "a.test", "--channel", "x").retry


def test_options_win_over_the_file_and_the_environment_over_it_too(config, monkeypatch):
    assert [plan.session.identity.nick for plan in planned("--config", config)] == [
        "scribe",
        "clerk",
    ]
    monkeypatch.setenv("CHATLOG_NICK", "fromenv")
    assert {plan.session.identity.nick for plan in planned("--config", config)} == {"fromenv"}
    typed = planned("--config", config, "--nick", "typed")
    assert {plan.session.identity.nick for plan in typed} == {"typed"}
    assert all(plan.session.queries for plan in typed)


def test_one_network_of_a_file_can_be_chosen(config):
    assert only("--config", config, "--network", "two").session.channels == ("#b",)
    with pytest.raises(UsageError, match="has no network 'three'; it has one, two"):
        planned("--config", config, "--network", "three")


@pytest.mark.parametrize(
    ("option", "place"), [("--server", "--config"), ("--channel", "the configuration ")]
)
def test_what_belongs_into_the_file_is_not_typed_beside_it(config, option, place):
    with pytest.raises(UsageError, match=f"{option} does not go with {place}"):
        planned("--config", config, option, "a")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no server; say --server HOST"),
        (("--server", "a.test"), "no channel to record"),
        (("--server", "a.test", "--channel", "x", "--sasl-user", "u"), "--sasl-password-file"),
        (
            ("--server", "a.test", "--channel", "x", "--tls-ca", __file__),
            "--tls-ca .* cannot be used",
        ),
        (
            ("--server", "a.test", "--channel", "x", "--client-cert", __file__),
            "--client-cert .* cannot be used",
        ),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_begun(arguments, says):
    with pytest.raises(UsageError, match=says):
        planned(*arguments)


def test_secrets_come_from_files_or_the_environment_and_are_never_shown(tmp_path, monkeypatch):
    (tmp_path / "pw").write_text("hush1\n")
    monkeypatch.setenv("CHATLOG_NICKSERV_PASSWORD", "hush2")
    plan = only(
        *("--server", "a.test", "--channel", "x", "--sasl-user", "u"),
        *("--sasl-password-file", tmp_path / "pw"),
    )
    identity = plan.session.identity
    assert identity.login.password.reveal() == "hush1"
    assert identity.nickserv.reveal() == "hush2"
    assert "hush" not in repr(plan)


@pytest.mark.parametrize(
    "option",
    [
        "--password-file", "--sasl-password-file", "--nickserv-password-file",
        "--proxy-password-file", "--channel-keys-file", "--client-key", "--client-cert",
        "--sasl-key",
    ],
)  # fmt: skip
def test_a_typed_file_of_secrets_that_others_can_read_is_warned_of(tmp_path, option):
    secret = tmp_path / "secret"
    secret.write_text("-----BEGIN PRIVATE KEY-----")
    given = ("--server", "a.test", "--channel", "x", "--proxy", "http://u@p.test:1", option, secret)
    more = ("--sasl-user", "u") if option in {"--sasl-key", "--sasl-password-file"} else ()
    if option == "--channel-keys-file":
        secret.write_text("#x key")
    warnings = []
    for mode in (0o644, 0o640, 0o600):
        secret.chmod(mode)
        warnings.append(plans.settings_of(context(*given, *more)).warnings)
    told = f"{secret} holds a secret and others can read it; say: chmod 600 {secret}"
    assert warnings == [(told,), (told,), ()]


def test_keys_of_channels_come_from_a_file(tmp_path):
    (tmp_path / "keys").write_text("#x sesame\nother open\n")
    session = only(
        *("--server", "a.test", "--channel", "x", "--channel", "other"),
        *("--channel-keys-file", tmp_path / "keys"),
    ).session
    assert {name: key.reveal() for name, key in session.keys.items()} == {
        "#x": "sesame",
        "#other": "open",
    }
    (tmp_path / "keys").write_text("#x\n")
    with pytest.raises(UsageError, match="line 1: say '#channel key'"):
        only("--server", "a.test", "--channel", "x", "--channel-keys-file", tmp_path / "keys")
    (tmp_path / "keys").write_text("#x sesame\na,b sesame\n")
    with pytest.raises(UsageError, match="keys, line 2: 'a,b' is no channel"):
        only("--server", "a.test", "--channel", "x", "--channel-keys-file", tmp_path / "keys")


@pytest.mark.parametrize("text", ["a.test:99999", "http://a.test"])
def test_a_server_that_cannot_be_is_refused_by_the_option_that_names_it(text):
    with pytest.raises(click.UsageError) as caught:
        context("--server", text, "--channel", "x")
    assert caught.value.format_message().startswith(
        f"Invalid value for '-s' / '--server': {text}: "
    )


def test_no_option_takes_a_secret_as_its_value():
    names = [option.name for option in record.command.params]
    risky = [name for name in names if re.search("password|secret|key", name)]
    assert "password_file" in risky
    assert [name for name in risky if not name.endswith(("_file", "_key"))] == []


RULES = """
[storage]
record = ["-server"]

[[storage.rules]]
channels = ["#a*"]
record = ["talk"]

[[storage.rules]]
networks = ["one"]
record = ["talk", "topic"]
"""


def recorded(network, target, *arguments):
    """Return the classes that are recorded of a target, in the order of their names."""
    rules = plans.storage_of(plans.settings_of(context(*arguments))).rules
    return sorted(rules.of(network, target, Casemapping()).record)


def test_the_first_rule_of_the_file_that_matches_a_channel_counts(config):
    config.write_text(RULES + config.read_text())
    assert recorded("one", "#abc", "--config", config) == ["talk"]
    assert recorded("one", "#b", "--config", config) == ["talk", "topic"]
    assert recorded("two", "#b", "--config", config) == [
        "moderation", "presence", "talk", "topic",
    ]  # fmt: skip


def test_an_option_for_classes_counts_for_every_channel_whatever_the_file_says(config):
    config.write_text(RULES + config.read_text())
    typed = ("--config", config, "--record", "talk,topic", "--record", "presence")
    for network, target in (("one", "#a"), ("one", "#b"), ("two", "#b")):
        assert recorded(network, target, *typed) == ["presence", "talk", "topic"]
    assert recorded("two", "#b", "--config", config, "--record", "-presence") == [
        "moderation", "server", "talk", "topic",
    ]  # fmt: skip


def test_options_that_leave_no_class_are_refused(config):
    with pytest.raises(UsageError, match="--record: no class is left to record"):
        recorded("one", "#a", "--config", config, "--record", "talk", "--record", "-talk")
