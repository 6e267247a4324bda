"""One archive for all commands: what `record` writes, the others find, without a word."""

from __future__ import annotations

import pytest

from chatlog import cli
from chatlog.cli.commands import record as record_command
from chatlog.cli.options import plans
from chatlog.cli.process import RecorderProcess
from chatlog.record.limits import Limits
from chatlog.settings import locations
from tests.cli.test_versions import COMMANDS
from tests.support.archive import event_at, record

NETWORK = '[networks.net]\nservers = ["127.0.0.1:1"]\nchannels = ["#c"]\n'
READING = sorted(
    COMMANDS.keys()
    - {
        "record",
        "sync",
        "audit",
        "demo",
        "verify --repair",
        "maintain",
        "merge",
        "import",
        "backup",
        "ship",
        "collect",
    }
)
"""The commands that connect to nothing and read an archive."""


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("CHATLOG_ARCHIVE", "CHATLOG_CONFIG", "CHATLOG_OUTPUT", "CHATLOG_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locations, "SYSTEM_CONFIG", str(tmp_path / "etc.toml"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(tmp_path, archive):
    """Write the user's configuration, which names the archive."""
    path = tmp_path / "XDG_CONFIG_HOME/chatlog/chatlog.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'[storage]\narchive = "{archive}"\nkeep = "1d"\n{NETWORK}')
    return path


@pytest.fixture
def ask(capfd):
    def ask(*arguments):
        status = cli.run([str(each) for each in arguments])
        return status, *capfd.readouterr()

    return ask


@pytest.mark.parametrize("command", READING)
def test_each_reading_command_finds_the_archive_of_the_configuration(command, archive, own, ask):
    words = [*command.split(), *COMMANDS[command]]
    expected = ask(*words, "--config", own, "--archive", archive)
    assert ask(*words) == expected
    moved = own.rename(own.with_name("other.toml"))
    assert ask(*words, "--config", moved) == expected
    assert ask(*words) != expected


def test_a_variable_wins_over_the_configuration_and_an_option_over_both(
    archive, own, ask, tmp_path, monkeypatch
):
    record(tmp_path / "b", event_at(0, "from the variable"))
    record(tmp_path / "c", event_at(0, "from the option"))
    assert "hello" in ask("tail")[1]
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(tmp_path / "b"))
    assert "from the variable" in ask("tail")[1]
    assert "from the option" in ask("tail", "-a", tmp_path / "c")[1]


def test_retention_of_a_configuration_that_was_only_found_spares_other_archives(
    archive, own, ask, tmp_path
):
    record(tmp_path / "other", event_at(0, "old"))
    dry = ("maintain", "--dry-run", "--empty")
    assert "would remove" in ask(*dry)[1]
    assert "would remove" in ask(*dry, "--config", own, "-a", tmp_path / "other")[1]
    assert "would remove" not in ask(*dry, "-a", tmp_path / "other")[1]


def keep_of(*arguments):
    """Return the retention of a recorder, and the warnings before it begins."""
    context = record_command.command.make_context("record", [str(each) for each in arguments])
    settings = plans.settings_of(context)
    kept = dict(settings.storage.keep or ())
    assert set(kept) <= {"all"}
    return kept.get("all"), settings.warnings


TYPED = ("--server", "127.0.0.1:1", "-c", "c")


def test_a_recorder_removes_nothing_by_a_found_configuration_of_another_archive(
    archive, own, tmp_path, monkeypatch
):
    other, day = tmp_path / "other", 86_400
    assert keep_of() == keep_of("-a", archive) == keep_of(*TYPED) == (day, ())
    assert keep_of(*TYPED, "-a", other) == (None, ())
    told = f"the retention of {own} is left out, as it is not for {other}"
    assert keep_of("-a", other) == (None, (told,))
    assert keep_of("-a", other, "--keep", "2d") == (2 * day, ())
    assert keep_of("-a", other, "--config", own) == (day, ())
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(other))
    assert keep_of() == (None, (told,))
    assert keep_of(*TYPED) == (None, ())
    monkeypatch.setenv("CHATLOG_CONFIG", str(own))
    assert keep_of() == keep_of(*TYPED) == (day, ()), "both variables speak of one archive"
    assert keep_of(*TYPED, "-a", tmp_path / "third") == (None, ())


def test_a_reload_of_a_configuration_of_another_archive_changes_nothing_of_this_one(
    archive, own, tmp_path, monkeypatch, caplog
):
    def settings():
        words = ["--config", str(own)]
        return plans.settings_of(record_command.command.make_context("record", words))

    run = RecorderProcess(settings(), Limits())
    monkeypatch.setattr(run._recorder, "reload", lambda _plans: None)
    text = own.read_text().replace('"1d"', '"2d"')
    own.write_text(text)
    run._reload(settings)
    assert run._writer.storage.keep == 2 * 86_400
    own.write_text(text.replace('"2d"', '"3d"').replace(str(archive), str(tmp_path / "other")))
    run._reload(settings)
    assert (run._writer.storage.keep, run._writer.storage.root) == (2 * 86_400, archive)
    told = (
        f"{tmp_path / 'other'} is not the archive of this run: [storage] counts from the next one"
    )
    assert told in caplog.messages


def test_an_option_that_names_another_archive_than_a_variables_file_takes_none_of_its_retention(
    archive, own, ask, tmp_path, monkeypatch
):
    record(tmp_path / "other", event_at(0, "old"))
    monkeypatch.setenv("CHATLOG_CONFIG", str(own.rename(own.with_name("other.toml"))))
    dry = ("maintain", "--dry-run", "--empty")
    assert "would remove" in ask(*dry)[1]
    assert "would remove" not in ask(*dry, "-a", tmp_path / "other")[1]
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(tmp_path / "other"))
    assert "would remove" in ask(*dry)[1], "both variables speak of one archive"


def test_an_archive_is_the_same_by_another_path(archive, own, ask, tmp_path):
    (tmp_path / "link").symlink_to(archive)
    assert "would remove" in ask("maintain", "--dry-run", "--empty", "-a", tmp_path / "link")[1]


def test_a_configuration_of_the_system_is_passed_over_by_those_who_may_not_read_it(
    archive, ask, tmp_path, monkeypatch
):
    system = tmp_path / "etc.toml"
    system.write_text(f'[storage]\narchive = "{archive}"\n{NETWORK}')
    assert "hello" in ask("tail")[1]
    monkeypatch.setattr(locations.os, "access", lambda *_: False)  # root may read all
    status, _, err = ask("tail")
    assert (status, str(tmp_path / "XDG_DATA_HOME/chatlog") in err) == (1, True)


def test_a_tilde_that_the_shell_leaves_is_the_home_directory(ask, tmp_path, monkeypatch):
    record(tmp_path / "HOME/logs", event_at(0, "at home"))
    assert "at home" in ask("tail", "--archive=~/logs")[1]
    monkeypatch.setenv("CHATLOG_ARCHIVE", "~/logs")
    assert "at home" in ask("tail")[1]
    status, _, err = ask("tail", "--archive=~nobody-here/x")
    assert status == 2
    assert "the path begins with a user who is not known here" in err


@pytest.mark.parametrize(
    "command", ["tail", "search", "stats", "channels", "gaps", "verify", "who"]
)
def test_a_channel_is_a_target_or_an_option(command, tmp_path, ask):
    root = tmp_path / "logs"
    record(root, event_at(0, "hello"), event_at(1, "there", target="#d"))
    words = ("hello",) if command == "search" else ()
    place = ("-a", root, "--tz", "UTC") if command != "verify" else ("-a", root)
    by_option = ask(command, *words, *place, "--channel", "c")
    assert ask(command, *words, *place, "-c", "c") == by_option
    if command != "search":  # whose arguments are the query
        assert ask(command, "c", *place) == by_option
    assert "#d" not in by_option[1]


def test_record_without_a_server_uses_the_configuration_that_config_check_checks(own, ask):
    status, out, _ = ask("config", "check")
    assert (status, out) == (0, f"{own}: 1 network, 1 channel, valid\n")
    status, _, err = ask("record", "--no-retry", "--quiet")
    assert status == 4
    assert "127.0.0.1" in err


def test_config_init_writes_the_file_that_record_uses(ask, tmp_path):
    status, out, _ = ask("config", "init")
    file = tmp_path / "XDG_CONFIG_HOME/chatlog/chatlog.toml"
    assert (status, out) == (
        0, f"{file}: written; change it, then check it with `chatlog config check`\n",
    )  # fmt: skip
    assert locations.found_config() == file


def test_without_server_and_configuration_record_names_both_ways(ask):
    status, _, err = ask("record", "--channel", "c")
    assert status == 2
    assert "say --server HOST, or begin a configuration with `chatlog config init`" in err


def test_a_short_letter_means_the_same_option_wherever_it_occurs():
    root = cli.cli
    letters = {}
    for name in cli.COMMANDS:
        command = root.get_command(None, name)
        for option in command.params:
            short = [each for each in option.opts if len(each) == 2]
            long = [each for each in option.opts if each.startswith("--")]
            for letter in short:
                letters.setdefault(letter, set()).add(tuple(long))
    assert {letter: names for letter, names in letters.items() if len(names) > 1} == {}
