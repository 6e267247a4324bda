"""`chatlog config`: what people see of their configuration."""

from __future__ import annotations

import json
import stat

import click
import pytest

from chatlog.cli import cli, run
from chatlog.cli.commands.config import command
from chatlog.settings.table import PRIVATE_FILES, SECRETS

NETWORK = '[networks.net]\nservers = ["irc.test", "[::1]:7000"]\nchannels = ["a", "b"]\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chatlog.toml"
    path.write_text(NETWORK)
    return path


def test_what_is_fine_is_said_in_one_line(chatlog, file):
    done = chatlog.run("config", "check", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{file}: 1 network, 2 channels, valid\n"


def test_what_is_wrong_is_one_line_and_status_2(chatlog, file):
    file.write_text(NETWORK + "nik = 'x'\n")
    done = chatlog.run("config", "check", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"chatlog: {file}: networks.net.nik: there is no such key; did you mean nick?\n"
    )


def test_what_is_not_wrong_but_unwise_is_a_warning(chatlog, file):
    file.write_text(NETWORK + "password = 'x'\n")
    file.chmod(0o644)
    done = chatlog.run("config", "check", file)
    assert done.returncode == 0
    assert done.stdout.endswith(", valid\n")
    assert done.stderr == (
        f"chatlog: {file} holds a secret and others can read it; say: chmod 600 {file}\n"
    )


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"
EXPOSED = {
    "key": (
        '[networks.other]\nservers = ["o.test"]\nchannels = [{name = "c", key-file = "s"}]',
        "k\n", True,
    ),
    "password": ('password-file = "s"', "secret\n", True),
    "sasl-password": ('sasl-user = "u"\nsasl-password-file = "s"', "secret\n", True),
    "nickserv-password": ('nickserv-password-file = "s"', "secret\n", True),
    "proxy-password": (
        'proxy = "http://u@127.0.0.1:1"\nproxy-password-file = "s"', "secret\n", True,
    ),
    "client-key": ('client-cert = "cert"\nclient-key = "s"', KEY, True),
    "client-cert with its key": ('client-cert = "s"', f"{CERTIFICATE}{KEY}", True),
    "client-cert without it": ('client-cert = "s"', CERTIFICATE, False),
    "sasl-key": ('sasl-user = "u"\nsasl-key = "s"', KEY, True),
    "tls-ca": ('tls-ca = "s"', f"{CERTIFICATE}{KEY}", False),
}  # fmt: skip
"""Keys that name a file, the content of that file, and whether others must not read it."""


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o644])
@pytest.mark.parametrize("name", EXPOSED)
def test_each_file_of_secrets_that_others_can_read_is_one_warning(tmp_path, capsys, name, mode):
    keys, content, is_secret = EXPOSED[name]
    secret, file = tmp_path / "s", tmp_path / "chatlog.toml"
    (tmp_path / "cert").write_text(CERTIFICATE)
    secret.write_text(content)
    secret.chmod(mode)
    file.write_text(f"{NETWORK}{keys}\n")
    file.chmod(0o644)
    assert run(["config", "check", str(file)]) == 0
    warning = f"chatlog: {secret} holds a secret and others can read it; say: chmod 600 {secret}\n"
    assert capsys.readouterr().err == (warning if is_secret and mode != 0o600 else "")


def test_every_setting_that_names_a_file_of_secrets_is_warned_of():
    named = {name.partition(" ")[0] for name, (*_, is_secret) in EXPOSED.items() if is_secret}
    assert named == {each.name for each in (*SECRETS, *PRIVATE_FILES)}


def test_json_says_what_the_file_comes_to(chatlog, file):
    done = chatlog.run("config", "check", "--json", file)
    assert json.loads(done.stdout) == {
        "type": "config",
        "file": str(file),
        "networks": [
            {
                "network": "net",
                "preset": None,
                "servers": ["irc.test", "[::1]:7000"],
                "channels": ["#a", "#b"],
            }
        ],
        "warnings": [],
    }


def test_without_a_file_the_one_of_the_environment_is_checked(chatlog, file):
    done = chatlog.run("config", "check", CHATLOG_CONFIG=str(file))
    assert (done.returncode, done.stdout[: len(str(file))]) == (0, str(file))


def test_without_any_file_it_is_said_how_to_begin(chatlog):
    done = chatlog.run("config", "check")
    assert done.returncode == 2
    assert "chatlog/chatlog.toml: the file cannot be read: No such file" in done.stderr
    own = chatlog.home / ".config/chatlog/chatlog.toml"
    assert done.stderr.endswith(f"; `chatlog config init {own}` writes an example\n")


@pytest.mark.parametrize("verb", ["record", "tail", "config check"])
def test_a_named_configuration_that_is_absent_is_one_that_init_can_write(chatlog, tmp_path, verb):
    absent = tmp_path / "my chat.toml"
    named = [absent] if verb == "config check" else ["--config", absent]
    done = chatlog.run(*verb.split(), *named)
    assert done.returncode == 2
    assert done.stderr.endswith(f"; `chatlog config init '{absent}'` writes an example\n")


def test_init_writes_an_example_that_only_we_can_read_and_that_is_fine(chatlog):
    done = chatlog.run("config", "init")
    assert done.returncode == 0
    written = chatlog.home / ".config/chatlog/chatlog.toml"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert chatlog.run("config", "check").returncode == 0


def test_init_leaves_alone_what_is_there(chatlog, file):
    done = chatlog.run("config", "init", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"chatlog: {file} exists already, and is not changed; edit it, or name another FILE\n"
    )
    assert file.read_text() == NETWORK


def test_init_makes_the_directory_of_the_file(chatlog, tmp_path):
    assert chatlog.run("config", "init", tmp_path / "a/b/c.toml").returncode == 0
    assert (tmp_path / "a/b/c.toml").is_file()


def test_init_says_where_it_cannot_write(chatlog, file):
    done = chatlog.run("config", "init", file / "x")
    assert done.returncode == 2
    assert done.stderr.startswith(f"chatlog: {file}/x cannot be written: ")


def test_init_prints_the_example_that_it_would_write(chatlog):
    chatlog.run("config", "init")
    printed = chatlog.run("config", "init", "-").stdout
    assert printed == (chatlog.home / ".config/chatlog/chatlog.toml").read_text()


@pytest.mark.parametrize("verb", ["check", "init"])
def test_the_help_of_config_check_and_of_config_init_has_an_example(verb):
    assert f"chatlog config {verb}" in command.commands[verb].help


def test_reading_commands_do_not_pay_for_the_configuration(chatlog):
    program = (
        "import sys; import chatlog.cli.commands.tail;"
        "settings = {f'chatlog.settings.{name}' for name in ('file', 'presets', 'table', 'kinds')};"
        "print(({'tomllib'} | settings) & set(sys.modules))"
    )
    assert cli.get_command(click.Context(cli), "config") is command
    assert run_python(program, chatlog) == "set()\n"


def run_python(program, chatlog):
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-c", program],
        env=chatlog.environment(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


RULES = """
[storage]
keep = {all = "1h30m", talk = "forever", presence = "30d"}

[[storage.rules]]
channels = ["#b*", "other/#x"]
record = ["talk", "topic"]

[[storage.rules]]
networks = ["net"]
keep = {all = "90d"}
"""
EXPLAINED = """\
net/#a: rule 2 (networks = net)
  talk        recorded      kept for 90d
  presence    recorded      kept for 90d
  topic       recorded      kept for 90d
  moderation  recorded      kept for 90d
  server      recorded      kept for 90d
net/#b: rule 1 (channels = #b*, other/#x)
  talk        recorded      kept forever
  presence    not recorded  kept for 30d, in files of its own
  topic       recorded      kept for 90m, in files of its own
  moderation  not recorded  kept for 90m, in files of its own
  server      not recorded  kept for 90m, in files of its own
"""


def test_what_holds_for_a_channel_is_explained_with_the_rule_that_says_so(chatlog, file):
    file.write_text(RULES + NETWORK)
    done = chatlog.run("config", "check", file, "--explain", "#A", "--explain", "net/b")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{file}: 1 network, 2 channels, valid\n{EXPLAINED}"


def test_a_channel_without_a_rule_or_with_nolog_is_explained_too(chatlog, file):
    file.write_text(NETWORK.replace('"b"', '{name = "b", nolog = true}'))
    out = chatlog.run("config", "check", file, "--explain", "b", "--explain", "@server").stdout
    assert out.splitlines()[1:4] == [
        "net/#b: no rule matches; [storage] counts",
        "  nolog = true: nothing is recorded",
        "  talk        not recorded  kept forever",
    ]
    assert out.splitlines()[8:10] == [
        "net/@server: no rule matches; [storage] counts",
        "  talk        recorded      kept forever",
    ]


def test_a_channel_that_several_networks_have_is_explained_for_each(chatlog, file):
    more = '[networks.two]\nservers = ["two.test"]\nchannels = ["a"]\n'
    file.write_text(NETWORK + more)
    found = [
        line.partition(":")[0]
        for line in chatlog.run(
            "config", "check", file, "--explain", "a", "--explain", "b", "--explain", "c"
        ).stdout.splitlines()[1:]
        if not line.startswith(" ")
    ]
    assert found == ["net/#a", "two/#a", "net/#b", "net/#c", "two/#c"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nett/#a", "there is no network 'nett'; known are net"),
        ("net/", "--explain needs a channel; say --explain '#python'"),
        ("", "--explain needs a channel; say --explain '#python'"),
    ],
)
def test_a_channel_that_cannot_be_explained_is_a_usage_error(chatlog, file, target, reason):
    done = chatlog.run("config", "check", file, "--explain", target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"chatlog: {reason}\n")
