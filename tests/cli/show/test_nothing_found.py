"""The sentences of reading commands for what is not there: one for each situation, everywhere."""

from __future__ import annotations

import pytest

from chatlog.archive.near_targets import near_networks, near_targets
from chatlog.archive.targets import Target
from chatlog.cli import run
from tests.support.archive import event_at, record

BEGIN = (
    "record with `chatlog record --server HOST --channel NAME`, or name the archive with --archive"
)
SELECTING = {
    "tail": lambda *targets: ["tail", *targets],
    "tail of a query": lambda *targets: ["tail", *targets, "--match", "hello"],
    "search": lambda *targets: ["search", "hello", *(f"--channel={each}" for each in targets)],
    "search in": lambda *targets: ["search", "hello", *(f"in:{each}" for each in targets)],
    "stats": lambda *targets: ["stats", *targets],
    "who": lambda *targets: ["who", *(targets or ["#c"])],
    "gaps": lambda *targets: ["gaps", *targets],
    "channels": lambda *targets: ["channels", *targets],
    "verify": lambda *targets: ["verify", *targets],
}
"""How each reading command is told which targets to read."""

FINDING = ("tail of a query", "search", "stats")
"""Those that may find no line in a target that has some."""


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def call(archive, capsysbinary):
    def call(*arguments):
        status = run([*arguments, "--archive", str(archive)])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


@pytest.mark.parametrize("command", SELECTING)
def test_an_archive_that_is_not_there_has_one_sentence(call, archive, command):
    for targets in ([], ["#c"]):
        assert call(*SELECTING[command](*targets)) == (
            1, "", f"chatlog: no archive in {archive}; {BEGIN}\n",
        )  # fmt: skip


@pytest.mark.parametrize("command", SELECTING)
def test_an_archive_without_channels_has_one_sentence(call, archive, command):
    archive.mkdir()
    assert call(*SELECTING[command]()) == (
        1, "", f"chatlog: no channel is recorded in {archive}; {BEGIN}\n",
    )  # fmt: skip


@pytest.mark.parametrize("command", SELECTING)
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("#pyhton", "did you mean '#python'?"),
        ("pyth", "did you mean '#python'?"),
        ("nte/#python", "did you mean 'net/#python'?"),
        ("#rust", "`chatlog channels` lists all"),
    ],
)
def test_an_unknown_target_has_one_sentence_with_those_near_it(
    call, archive, command, name, advice
):
    record(archive, event_at(1, "hello", target="#python"))
    assert call(*SELECTING[command](name)) == (
        1, "", f"chatlog: no channel or query in {archive} matches '{name}'; {advice}\n",
    )  # fmt: skip


@pytest.mark.parametrize("command", SELECTING)
@pytest.mark.parametrize(
    ("name", "advice"), [("nte", "did you mean 'net'?"), ("oftc", "it has 'net'")]
)
def test_an_unknown_network_has_one_sentence(call, archive, command, name, advice):
    record(archive, event_at(1, "hello"))
    assert call(*SELECTING[command]("#c"), "--network", name) == (
        1, "", f"chatlog: no network in {archive} matches '{name}'; {advice}\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "command", [each for each in SELECTING if each not in ("who", "search in")]
)
def test_one_unknown_target_of_several_is_named_and_the_others_are_shown(call, archive, command):
    record(archive, event_at(1, "hello", target="#python"))
    _, out, err = call(*SELECTING[command]("#python", "#pythom"))
    assert out or command == "gaps"
    assert err.splitlines()[0] == (
        f"chatlog: no channel or query in {archive} matches '#pythom'; did you mean '#python'?"
    )


@pytest.mark.parametrize("command", FINDING)
def test_no_line_that_matches_is_not_nothing_at_all(call, archive, command):
    record(archive, event_at(1, "hello"))
    late = [*SELECTING[command]("#c"), "--since", "2030-01-01"]
    assert call(*late) == (1, "", "chatlog: no line matches\n")
    (archive / "net" / "#empty").mkdir()
    assert call(*SELECTING[command]("#empty")) == (
        1, "", "chatlog: no line of 'net/#empty' is recorded; `chatlog gaps` shows why\n",
    )  # fmt: skip


def test_names_that_would_steer_a_terminal_are_shown_as_escapes(call, archive):
    record(archive, event_at(1, "hello"))
    _, _, err = call("tail", "#\x1b[2Jc")
    assert err.count("\n") == 1
    assert "\x1b" not in err


NAMES = ("libera/#python", "libera/#python-dev", "libera/#rust", "oftc/#debian", "oftc/ann")


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("#pyton", ["libera/#python", "libera/#python-dev"]),
        ("oftc/#python", ["libera/#python"]),
        ("oftc/#debain", ["oftc/#debian"]),
        ("##Rust", ["libera/#rust"]),
        ("an", ["oftc/ann"]),
        ("#zig", []),
        ("*", []),
        ("", []),
        ("x" * 100_000, []),
    ],
)
def test_near_targets_are_few_and_the_nearest_first(pattern, near):
    targets = [Target(*name.split("/"), "") for name in NAMES]
    assert near_targets(pattern, targets)[: len(near) or None] == near


def test_at_most_three_targets_are_near():
    targets = [Target("net", f"#chan{number}", "") for number in range(50)]
    assert near_targets("#chan", targets) == ["#chan0", "#chan1", "#chan10"]


def test_networks_near_a_name_are_those_of_the_archive():
    assert near_networks("libra", ["libera", "oftc"]) == ["libera"]
    assert near_networks("efnet", ["libera", "oftc"]) == []
