"""The sentence for each mistake in a command line: one line, the problem and the next step."""

from __future__ import annotations

import pytest

from chatlog import cli

SECRET = "hunter2"
ON_A_COMMAND_LINE = "as other users can read a command line"


@pytest.fixture
def said(capsys):
    """Run a command line that is refused; return the one line that it says."""

    def run(*arguments):
        assert cli.run([*arguments]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        [line] = shown.err.splitlines()
        assert line.startswith("chatlog: ")
        return line.removeprefix("chatlog: ")

    return run


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("serach", "no command 'serach'; did you mean search?"),
        ("config chek", "no command 'chek'; did you mean check?"),
        ("help serach", "no command 'serach'; did you mean search?"),
        ("help config chek", "no command 'chek'; did you mean check?"),
        ("zzz", "no command 'zzz'; see `chatlog --help`"),
        ("config zzz", "no command 'zzz'; see `chatlog config --help`"),
        ("help tail x", "chatlog tail has no commands; see `chatlog tail --help`"),
        ("--hlep", "no option '--hlep'; did you mean --help?"),
        ("tail --lnies 3", "no option '--lnies'; did you mean --lines?"),
        ("tail --colour=always", "no option '--colour'; did you mean --color?"),
        ("record --no-tsl", "no option '--no-tsl'; did you mean --no-tls?"),
        ("record --0000", "no option '--0000'; see `chatlog record --help-all`"),
        ("tail -x", "no option '-x'; see `chatlog tail --help`"),
        ("tail --follow=1", "--follow takes no value; see `chatlog tail --help`"),
        ("tail --since", "--since needs a value: TIME; see `chatlog tail --help`"),
        ("tail -n x", "--lines: 'x' is no whole number"),
        ("tail --color red", "--color: 'red' is not one of 'auto', 'always', 'never'"),
        ("config init a b", "got unexpected extra argument (b); see `chatlog config init --help`"),
    ],
)
def test_a_mistake_gets_a_sentence_with_the_next_step(said, line, sentence):
    assert said(*line.split()) == sentence


@pytest.mark.parametrize("option", ["--channel", "-c"])
@pytest.mark.parametrize("verb", ["record", "sync", "audit", "tail", "search", "gaps"])
def test_a_channel_that_the_shell_took_for_a_comment_is_shown_in_quotes(said, verb, option):
    assert said(verb, option) == (
        f"{option} needs a name, and the shell takes an unquoted # for a comment:"
        f" {option} '#python' or {option} python"
    )


def test_an_argument_that_the_shell_took_for_a_comment_is_shown_in_quotes(said):
    assert said("who") == "name one channel, a # in quotes: `chatlog who '#python'`"


@pytest.mark.parametrize("joined", [False, True], ids=["two words", "one word"])
@pytest.mark.parametrize(
    ("option", "file", "variable"),
    [
        ("--password", "--password-file", "CHATLOG_PASSWORD"),
        ("--pasword", "--password-file", "CHATLOG_PASSWORD"),
        ("--pass", "--password-file", "CHATLOG_PASSWORD"),
        ("--sasl-password", "--sasl-password-file", "CHATLOG_SASL_PASSWORD"),
        ("--sasl-pass", "--sasl-password-file", "CHATLOG_SASL_PASSWORD"),
        ("--nickserv-password", "--nickserv-password-file", "CHATLOG_NICKSERV_PASSWORD"),
        ("--proxy-password", "--proxy-password-file", "CHATLOG_PROXY_PASSWORD"),
    ],
)
@pytest.mark.parametrize("verb", ["record", "sync", "audit"])
def test_a_password_as_a_value_is_not_repeated_and_its_place_is_named(
    said, verb, option, file, variable, joined
):
    words = [f"{option}={SECRET}"] if joined else [option, SECRET]
    assert said(verb, *words) == (
        f"there is no {option}, {ON_A_COMMAND_LINE}: write the password into the first line of"
        f" a file, and name it with {file} FILE, or set {variable}"
    )


@pytest.mark.parametrize("option", ["--key", "--channel-key"])
def test_a_key_of_a_channel_as_a_value_is_not_repeated_and_its_place_is_named(said, option):
    assert said("record", option, SECRET) == (
        f"there is no {option}, {ON_A_COMMAND_LINE}: write '#channel key' into a file,"
        " and name it with --channel-keys-file FILE"
    )


@pytest.mark.parametrize(
    "option",
    [
        "--password-file", "--sasl-password-file", "--nickserv-password-file",
        "--proxy-password-file", "--channel-keys-file",
    ],
)  # fmt: skip
def test_a_password_in_the_place_of_its_file_is_not_repeated(said, option):
    sentence = said("record", option, SECRET)
    assert SECRET not in sentence
    assert sentence.startswith(f"{option} names no file that can be read")


@pytest.mark.parametrize("verb", ["record", "sync", "audit"])
@pytest.mark.parametrize("words", [["libera", "#python"], ["--sasl-user", "me", SECRET]])
def test_arguments_of_a_command_that_connects_are_not_repeated_and_its_options_are_named(
    said, verb, words
):
    assert said(verb, *words) == (
        f"chatlog {verb} takes no arguments: name the server with --server,"
        " and each channel with --channel"
    )


def test_a_command_without_secrets_has_no_sentence_for_them(said):
    assert said("tail", "--password", SECRET) == "no option '--password'; see `chatlog tail --help`"
