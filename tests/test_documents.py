"""What the documents say is so: commands, examples, tables and links."""

import importlib
import re
import shlex
from datetime import UTC
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from msgspec.structs import fields

from chatlog import __version__, errors
from chatlog.archive.manifest_entries import ManifestEntry
from chatlog.cli import BUG, COMMANDS, INTERRUPTED, cli
from chatlog.cli.options.moments import event_time
from chatlog.coverage.entries import LedgerEntry
from chatlog.event import Event, EventType
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain
from chatlog.health.collector_metrics import prometheus_of_collector
from chatlog.health.metrics import prometheus
from chatlog.health.status import NetworkStatus, RunStatus
from chatlog.query import language
from chatlog.query.predicates import THINGS
from tests.health.test_collector_metrics import COLLECTING

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FORMAT = ROOT / "docs/transcript-format.md"
QUERY = ROOT / "docs/query.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
OF_CHATLOG_ALONE = [README, FORMAT, QUERY, ROOT / "docs/architecture.md"]
"""The others name options of other programs as well."""
CRONTABS = [README, ROOT / "docs/cron.md"]
UNATTENDED = ROOT / "docs/unattended.md"
UNIT = ROOT / "contrib/chatlog.service"
HANDOVER = ROOT / "contrib/handover.conf"
TRUST = ROOT / "docs/trust.md"
MANDATORY = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "architecture.md"}


def blocks(document, language):
    """Return the fenced blocks of one language, each as its lines."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = pattern.findall(document.read_text())
    return [block.splitlines() for block in found]


def section(document, title):
    """Return what stands under a heading of the second rank."""
    pattern = re.compile(rf"^## {title}\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    match = pattern.search(document.read_text())
    assert match, f"{document.name} has no section {title!r}"
    return match[1]


def named(path):
    return path.name


def named_by_command(lines):
    return lines[0]


def typed_commands(document):
    """Return every `chatlog …` that the console blocks of a document show being typed."""
    lines = [
        line[2:] for block in blocks(document, "console") for line in block if line[:2] == "$ "
    ]
    return [part for line in lines for part in pipeline(line) if part[0] == "chatlog"]


def pipeline(line):
    """Take a shell line apart into the words of its commands."""
    words = shlex.shlex(line, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    parts = [[]]
    for word in words:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def understand(words):
    """Let click read a command line; it raises UsageError on what it does not know."""
    context = click.Context(cli, info_name="chatlog")
    _, rest, _ = cli.make_parser(context).parse_args(words[1:])
    if rest:
        command = cli.get_command(context, rest[0])
        assert command is not None, f"no command {rest[0]!r}"
        command.make_context(rest[0], rest[1:], parent=context)


def parameters():
    """Return every option of every command, `--no-…` included."""
    context = click.Context(cli)
    commands = [cli, *(cli.get_command(context, verb) for verb in COMMANDS)]
    found = [each for command in commands for each in command.get_params(context)]
    return {name for each in found for name in (*each.opts, *each.secondary_opts)}


# -- commands ----------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_shown_is_one_that_chatlog_understands(document):
    for words in typed_commands(document):
        understand(words)


def test_the_readme_shows_how_to_record_and_how_to_read():
    assert {words[1] for words in typed_commands(README)} >= {"record", "tail"}


@pytest.mark.parametrize("document", OF_CHATLOG_ALONE, ids=named)
def test_every_option_named_exists(document):
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", document.read_text())) <= parameters()


def crontab(document):
    """Return the entries of a document's crontabs; what only sets a variable is left out."""
    lines = [line for block in blocks(document, "crontab") for line in block]
    return [line for line in lines if not re.match(r"[A-Z_]+=\S+$", line)]


def with_a_configuration(words, directory):
    """Put a file that is there in the place of the configuration that a command names."""
    there = directory / "chatlog.toml"
    there.write_text("")
    return [str(there) if word.endswith(".toml") else word for word in words]


@pytest.mark.parametrize(
    "line", [line for document in CRONTABS for line in crontab(document)], ids=str
)
def test_a_crontab_line_says_when_and_a_command_that_is_understood(line, tmp_path):
    if line.startswith("@"):
        when, command = line.split(maxsplit=1)
        assert when == "@reboot"
    else:
        *fields, command = line.split(maxsplit=5)
        assert len(fields) == 5
        assert all(re.fullmatch(r"\*|\d+(?:[-,/]\d+)*|\*/\d+", field) for field in fields)
    words = shlex.split(command.removesuffix(">/dev/null"), comments=True)
    understand(with_a_configuration(words, tmp_path))
    assert words[1] == "status" or "--quiet" in words
    assert "%" not in command, "cron takes a bare % for the end of the line"


def test_the_documents_show_how_to_record_from_cron():
    assert [len(crontab(document)) > 0 for document in CRONTABS] == [True, True]


@pytest.mark.parametrize("words", [["chatlog", "no-such"], ["chatlog", "tail", "--no-such"]])
def test_a_command_that_does_not_exist_would_be_noticed(words):
    with pytest.raises((click.UsageError, AssertionError)):
        understand(words)


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_has_a_help_with_an_example_and_tests_of_its_own(verb):
    command = cli.get_command(click.Context(cli), verb)
    assert f"chatlog {verb}" in (command.help or "")
    assert all(isinstance(each, click.Argument) or each.help for each in command.params)
    assert (ROOT / f"tests/cli/commands/test_{verb}.py").is_file()


def test_the_version_is_the_one_of_the_package():
    said = CliRunner().invoke(cli, ["--version"], prog_name="chatlog")
    assert said.output == f"chatlog {__version__}\n"


# -- a service ---------------------------------------------------------------


def unit(path=UNIT):
    """Read a unit of systemd: every value of each key, by section."""
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = found[line.strip("[]")] = {}
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


def test_the_unit_starts_a_command_that_is_understood_where_it_may_write(tmp_path):
    service = unit()["Service"]
    [command] = service["ExecStart"]
    path, *words = shlex.split(command)
    understand(with_a_configuration(["chatlog", *words], tmp_path))
    assert path.startswith("/")
    assert f"--archive /var/lib/{service['StateDirectory'][0]}" in command
    assert f"--config /etc/{service['ConfigurationDirectory'][0]}/" in command


def test_the_unit_expects_what_a_run_tells_and_knows_what_not_to_repeat():
    service = unit()["Service"]
    assert service["Type"] == ["notify"]
    assert int(service["WatchdogSec"][0]) > 0
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    for_good = {errors.UsageError.exit_status, errors.RefusedError.exit_status}
    assert set(map(int, service["RestartPreventExitStatus"][0].split())) == for_good


def test_the_unit_of_an_upgrade_records_as_the_other_one_does_and_hands_over(tmp_path):
    service = unit(HANDOVER)["Service"]
    reset, command = service["ExecStart"]
    assert reset == "", "systemd would run both"
    assert command == f"{unit()['Service']['ExecStart'][0]} --take-over"
    [after] = service["ExecStartPost"]
    path, *words = shlex.split(after)
    understand(["chatlog", *words])
    assert path == shlex.split(command)[0]
    archive = command.partition("--archive ")[2].split()[0]
    assert after.endswith(f"--archive {archive}")
    assert "--to $MAINPID" in after


def test_the_metrics_are_those_that_are_written():
    time = "2026-11-23T18:20:01.123Z"
    network = NetworkStatus(
        name="n", state="", connected=True, lag=1.0, since=time, last_event=time, events={"#c": 1},
        holds={"#c": True}, heard=time,
    )  # fmt: skip
    status = RunStatus(
        pid=1,
        version="1",
        root="/",
        started=time,
        updated=time,
        networks=(network,),
        piped=time,
        shipped=time,
    )
    rows = metric_rows("Metrics")
    assert rows == labels_of(prometheus(status))
    shown = {word for [*lines] in blocks(UNATTENDED, "promql") for word in _metrics_in(lines)}
    assert shown <= {*rows}


def test_the_metrics_of_a_collector_are_those_that_are_written():
    assert metric_rows("Metrics of a collector") == labels_of(prometheus_of_collector(COLLECTING))


def metric_rows(title):
    """Return the labels of each metric that a section of the documentation lists."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\|", section(UNATTENDED, title), re.MULTILINE)
    return {name: re.findall(r"\w+", labels) for name, labels in rows}


def labels_of(page):
    """Return the labels of each metric of a page."""
    samples = [line for line in page.splitlines() if not line.startswith("#")]
    parted = (line.split(" ")[0].partition("{") for line in samples)
    return {name: re.findall(r"(\w+)=", labels) for name, _, labels in parted}


def _metrics_in(lines):
    return re.findall(r"chatlog_\w+", "\n".join(lines))


# -- screens -----------------------------------------------------------------


def pictures():
    """Read the pictures of screens without their styles, and without what ends in mere style."""
    texts = [path.read_text() for path in ROOT.glob("tests/cli/screens/*.txt")]
    return [re.sub(" *⟦[^⟧]*⟧$|⟦[^⟧]*⟧", "", text, flags=re.MULTILINE) for text in texts]


@pytest.mark.parametrize(
    "lines", [each for each in blocks(README, "text") if each[0][:2] == "$ "], ids=named_by_command
)
def test_a_screen_shown_is_one_that_the_program_shows(lines):
    command, *shown = lines
    pieces = "\n".join(shown).split("\n…\n")
    assert any(
        picture.startswith(f"{command}\n") and all(f"\n{each}\n" in picture for each in pieces)
        for picture in pictures()
    )


# -- statuses ----------------------------------------------------------------


def statuses(error):
    return {error.exit_status}.union(*map(statuses, error.__subclasses__()))


def test_the_exit_statuses_are_those_of_the_program():
    listed = re.findall(r"^\| (\d+) \| \S", section(README, "Exit statuses"), re.MULTILINE)
    known = {0, click.UsageError.exit_code, BUG, INTERRUPTED, *statuses(errors.ChatlogError)}
    assert [int(status) for status in listed] == sorted(known)


# -- examples of the transcript format ---------------------------------------


def test_the_examples_of_jsonl_are_what_is_written():
    [lines] = blocks(FORMAT, "jsonl")
    events = [jsonl.decode(line.encode()) for line in lines]
    assert events
    assert jsonl.encode(events).decode() == "".join(f"{line}\n" for line in lines)


def test_the_examples_of_text_are_what_is_written():
    [block] = blocks(FORMAT, "text")
    lines = re.split(r"\n(?![^\n]*\t)", "\n".join(block))  # a tab goes on with the line before
    assert len(lines) == len(block) - 1
    assert [written_again(line) for line in lines] == [f"{line}\n" for line in lines]


def written_again(line):
    plain = Plain("time" if line[3] == ":" else "datetime", UTC)
    event = plain.decode(line.encode(), network="libera", target="#python", day="2026-11-23")
    return plain.encode([event]).decode()


def test_the_keys_stand_in_the_order_in_which_they_are_written():
    table = section(FORMAT, "JSONL").split("### ", maxsplit=1)[0]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(cells)) == list(Event.__struct_fields__)


def test_every_type_of_event_is_explained():
    types = section(FORMAT, "JSONL").split("### Types")[1]
    assert [str(kind) for kind in EventType if f"`{kind}`" not in types] == []


LEDGER_ROW = re.compile(r"^\| `(?!entry`)(\w+)` \| [^|]* \| ([^|]*) \|$", re.MULTILINE)


def test_the_entries_of_a_ledger_have_a_row_each_with_their_keys_in_order():
    rows = dict(LEDGER_ROW.findall(section(FORMAT, "The ledger")))
    keys = {kind: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row)) for kind, row in rows.items()}
    kinds = get_args(LedgerEntry)
    assert keys == {kind.__struct_config__.tag: list(kind.__struct_fields__) for kind in kinds}
    optional = {kind: set(re.findall(r"\*`(\w+)`", row)) for kind, row in rows.items()}
    assert optional == {
        kind.__struct_config__.tag: {each.name for each in fields(kind) if not each.required}
        for kind in kinds
    }


def test_the_entries_of_a_manifest_have_a_row_each_that_names_their_keys():
    text = section(FORMAT, "Sealed segments")
    for kind in get_args(ManifestEntry):
        row = next(
            line for line in text.splitlines() if f"| `{kind.__struct_config__.tag}` |" in line
        )
        assert [key for key in kind.__struct_fields__ if f"`{key}`" not in row] == ["previous"]


# -- the query language ------------------------------------------------------


def test_the_keys_of_queries_are_those_of_the_language_and_so_is_what_has_may_ask_for():
    keys, things = section(QUERY, "Keys").split("### Has")
    named = re.findall(r"`(\w+):`", "\n".join(re.findall(r"^\| (`.*?) \|", keys, re.MULTILINE)))
    assert sorted(named) == sorted(language._KEYS)
    assert re.findall(r"^\| `(\w+)` \|", things, re.MULTILINE) == list(THINGS)


@pytest.mark.parametrize("query", [line for block in blocks(QUERY, "query") for line in block])
def test_every_query_shown_means_something(query):
    now = "2026-11-26T12:00:00.000Z"
    options = language.QueryOptions(lambda text: event_time(text, now, "UTC"))
    assert language.parse(query, options) != language.parse("", options)


def test_every_time_in_the_document_on_queries_is_understood():
    now = "2026-11-26T12:00:00.000Z"
    cells = re.findall(r"^\| (`.*?) \| (?!means)", section(QUERY, "Times"), re.MULTILINE)
    times = re.findall("`(.*?)`", " ".join(cells))
    assert times
    assert [time for time in times if not event_time(time.strip('"'), now, "UTC")] == []


# -- files and links ---------------------------------------------------------


def test_the_documents_are_all_there():
    assert {document.name for document in DOCUMENTS} >= MANDATORY


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_to_a_file_leads_to_one(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_readme_links_every_document():
    linked = set(re.findall(r"\]\((docs/[^)#]*)", README.read_text(encoding="utf-8")))
    assert linked >= {str(each.relative_to(ROOT)) for each in ROOT.glob("docs/*.md")}


def test_every_quirk_names_a_test_that_exists():
    sources = "".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    quirks = (ROOT / "docs/quirks.md").read_text()
    rows = re.findall(r"^\| (?!quirk |---)(.*) \|$", quirks, re.MULTILINE)
    assert rows
    assert [row for row in rows if not re.search(r"`test_\w+`$", row)] == []
    assert set(re.findall(r"\btest_\w+", quirks)) - there == set()


def test_the_map_of_the_architecture_names_every_module_of_every_package():
    rows = re.findall(
        r"^\| `([\w/]+)` \| .* \| ([\w ]+) \|$",
        (ROOT / "docs/architecture.md").read_text(),
        re.MULTILINE,
    )
    drawn = {row: sorted(modules.split()) for row, modules in rows}
    there = {}
    for path in ROOT.glob("chatlog/**/*.py"):
        package = path.parent.relative_to(ROOT / "chatlog").as_posix()
        if not path.stem.startswith("__"):
            there.setdefault("chatlog/" if package == "." else f"{package}/", []).append(path.stem)
    assert drawn == {package: sorted(modules) for package, modules in there.items()}


def test_the_changelog_says_what_is_not_released_yet():
    unreleased = section(ROOT / "CHANGELOG.md", r"\[?Unreleased\]?")
    assert re.search(r"^### Added\n+- ", unreleased, re.MULTILINE)


# -- bounds ----------------------------------------------------------------------

BOUND = re.compile(r"^\| [^|]+ \| ([\d,]+)(?: (KiB|MiB))? \| `([a-z_.]+)\.([A-Z_]+)` \| [^|]+ \|$")
UNITS = {"": 1, "KiB": 1024, "MiB": 1024 * 1024}


def documented_bounds():
    rows = section(TRUST, "What a server may send").splitlines()
    return [match.groups("") for row in rows if (match := BOUND.match(row))]


@pytest.mark.parametrize(("number", "unit", "module", "name"), documented_bounds())
def test_a_documented_bound_is_that_of_the_code(number, unit, module, name):
    found = getattr(importlib.import_module(f"chatlog.{module}"), name)
    assert found == int(number.replace(",", "")) * UNITS[unit]


def test_every_bound_of_what_a_server_can_fill_is_documented():
    bounds = {
        f"{'.'.join(path.relative_to(ROOT / 'chatlog').with_suffix('').parts)}.{name}"
        for package in ("protocol", "record")
        for path in (ROOT / "chatlog" / package).rglob("*.py")
        for name in re.findall(r"^(MAX_[A-Z_]+): Final", path.read_text(), re.MULTILINE)
    }
    not_filled = {
        "protocol.join_line.MAX_BYTES",
        "protocol.registration.capabilities.MAX_NICK_TRIES",
    }
    documented = {f"{module}.{name}" for _, _, module, name in documented_bounds()}
    assert bounds - not_filled == documented - {"protocol.copy_budget.BYTES_PER_SECOND"}
