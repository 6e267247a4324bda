"""The arrows of docs/architecture.md, read off the source.

An import counts wherever it stands: at the top, in a function, for the type
checker alone. A new package is a new row of ARROWS.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "chatlog"

GROUND = {
    *("__init__", "errors", "event", "casemapping", "secret", "clock", "alignment", "host_names"),
    *("background", "forked", "netsplit", "pipes", "places", "relay_heads"),
}
"""Modules that every package may import."""

ARROWS = {
    "formats": "",
    "query": "formats",
    "protocol": "",
    "settings": "",
    "connection": "protocol",
    "archive": "formats",
    "health": "archive",
    "read": "archive formats query",
    "coverage": "archive health read",
    "write": "archive coverage formats",
    "upkeep": "archive coverage formats query read write",
    "ingest": "archive coverage formats protocol read upkeep write",
    "bus": "archive coverage formats health read upkeep write",
    "search": "archive formats query read",
    "hook": "formats read",
    "report": "archive coverage formats health query read search",
    "record": "archive connection coverage health protocol read upkeep write",
    "export": "archive formats query read report search",
    "audit": "connection coverage protocol read record",
    "demo": "connection protocol record write",
    "cli": "archive audit bus connection coverage demo export formats health hook ingest protocol"
    " query read record report search settings upkeep write",
    "__main__": "cli",
}
"""The packages that each package may import, beside itself and the ground."""

GROUND_ARROWS = {
    "__init__": "",
    "errors": "",
    "event": "",
    "casemapping": "",
    "secret": "",
    "host_names": "",
    "clock": "event",
    "alignment": "event casemapping netsplit",
    "places": "event casemapping",
    "background": "",
    "forked": "errors pipes",
    "pipes": "",
    "netsplit": "event",
    "relay_heads": "",
}
"""The same for the modules of the ground."""

OUTSIDE = {
    "click": {"cli"},
    "rich": {"cli"},
    "irc": {"connection"},
    "platformdirs": {"settings"},
    "scramp": {"protocol"},
    "cryptography": {"protocol"},
    "python_socks": {"connection"},
    "backports": {"archive"},
    "watchfiles": {"cli"},
    "hyperscan": {"search"},
    "duckdb": {"export"},
    "jinja2": {"export"},
    "nats": {"bus"},
    "nkeys": {"bus"},
}
"""The packages that may import a library; msgspec may be imported everywhere."""

EVERYWHERE = {"msgspec"}
STDLIB = sys.stdlib_module_names | {"compression"}  # which Python has from 3.14
IMPORTED_AS = {"backports_zstd": "backports", "nats_py": "nats"}

EXTRAS = ("scram", "ecdsa", "proxy", "watch", "fast", "zstd", "parquet", "site", "nats")
"""The extras whose libraries are imported where they are needed, and only there."""

LATE_IMPORTS = {
    "an extra, which may be missing": (
        "backports compression cryptography duckdb hyperscan jinja2 nats nkeys python_socks"
        " scramp watchfiles"
        " chatlog.search.patterns"
    ),
    "asyncio and the network, 300 ms: a help text needs neither": (
        "chatlog.audit.visit chatlog.cli.options.plans chatlog.cli.process chatlog.demo"
        " chatlog.record.history.gaps chatlog.bus chatlog.cli.bus_process"
        " chatlog.cli.publishing chatlog.cli.metrics_page"
    ),
    "rich, 25 ms: neither JSON, nor a pipe, nor a recorder without a terminal needs it": (
        "rich chatlog.cli.show.channel_table chatlog.cli.show.gap_tables"
        " chatlog.cli.show.live chatlog.cli.show.sheet"
        " chatlog.cli.show.status_tables chatlog.cli.show.sync_table"
    ),
    "6 ms: only `--json` makes records": (
        "chatlog.cli.show.json_views chatlog.report.json_records chatlog.report.json_views"
    ),
    "each 2 to 14 ms, a start of `tail` takes 80: few archives or options need it": (
        "base64 concurrent hashlib ipaddress json pathlib platformdirs shlex shutil signal"
        " subprocess tempfile traceback unicodedata chatlog.archive.syncing"
        " chatlog.coverage.checkpoint"
        " urllib zoneinfo chatlog.archive.manifest chatlog.archive.manifest_view"
        " chatlog.archive.networks chatlog.archive.rooms chatlog.archive.system"
        " chatlog.cli.options.terms"
        " chatlog.settings.document chatlog.settings.locations"
        " chatlog.cli.signals chatlog.cli.hooked"
        " chatlog.coverage.fold chatlog.coverage.ledger chatlog.formats.plain"
        " chatlog.query.selection chatlog.read.cursor chatlog.read.sealed_reader"
        " chatlog.search.last_matches chatlog.cli.show.progress"
    ),
    "0.2 to 0.4 ms: few lines on a screen are relayed, or of a netsplit": (
        "chatlog.relay_heads chatlog.cli.show.split_lines"
    ),
    "0.5 ms, `--help` takes 55: it has no error to write and no shell to answer": (
        "chatlog.cli.completion chatlog.cli.first_steps chatlog.cli.mistakes"
        " chatlog.cli.show.messages chatlog.cli.suggestions click.shell_completion"
    ),
    "5 ms, most commands find something": "chatlog.cli.show.nothing_found",
    "60 ms: only a site needs templates and processes": "chatlog.export.site.build",
    "0.6 ms: only a name that is not there needs it": "difflib",
    "private to Python, and may be missing": "re._parser",
}
"""Modules that a function may import, and why: measured by `python -m tests.bench startup`.

Every other import stands at the top of its module.
"""

PURE = (
    "chatlog.alignment",
    "chatlog.archive.manifest_entries",
    "chatlog.casemapping",
    "chatlog.coverage.by_hour",
    "chatlog.coverage.entries",
    "chatlog.coverage.fold",
    "chatlog.coverage.interval_fold",
    "chatlog.coverage.pieces",
    "chatlog.errors",
    "chatlog.event",
    "chatlog.formats",
    "chatlog.health.status",
    "chatlog.protocol",
    "chatlog.query",
    "chatlog.record.history.fetch",
    "chatlog.record.history.gaps",
    "chatlog.record.history.outcomes",
    "chatlog.record.history.playback",
    "chatlog.record.intervals",
    "chatlog.report.counts",
    "chatlog.report.hours",
    "chatlog.report.people",
    "chatlog.report.presence",
    "chatlog.report.statistics",
)
"""Modules, and packages with all their modules, that do no I/O and read no clock."""

PURE_MODULES = {
    *(
        "__future__",
        "abc",
        "base64",
        "bisect",
        "calendar",
        "codecs",
        "collections",
        "dataclasses",
        "datetime",
        "enum",
    ),
    *(
        "fnmatch",
        "functools",
        "heapq",
        "html",
        "itertools",
        "json",
        "msgspec",
        "operator",
        "re",
        "typing",
        "unicodedata",
        "warnings",
        "xml",
        "zlib",
        "chatlog",
    ),
    *("scramp", "cryptography"),
}
PURE_NAMES = {"time.gmtime", "time.strftime", "time.strptime"}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}

WALL_CLOCK = re.compile(
    r"(?:^|\.)(?:time\.(?:time|time_ns|localtime|ctime)|(?:datetime|date)\.(?:now|utcnow|today))$"
)
CLOCK_READERS = {
    "chatlog.clock": "the clock of the recorder, handed to it",
    "chatlog.cli.commands.record": "--until is a time of this day",
}

LONGEST = 45
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def name_of(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


SOURCES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_bytes()) for name, path in SOURCES.items()}


def package_of(module):
    """Name the row of ARROWS or GROUND_ARROWS that a module stands in."""
    return [*module.split("."), "__init__"][1]


def imports_of(tree):
    """Yield what is imported, in full: `time.gmtime`, `chatlog.event.Event`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_imported(tree):
    """Yield the modules of ours that are imported; `from package import name` may name a module."""
    for name in imports_of(tree):
        if name.split(".")[0] == "chatlog":
            yield name if name in SOURCES else name.rpartition(".")[0] or name


def functions_of(tree):
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def clocks_read(tree):
    """Yield every place that reads the wall clock, or takes along what does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and WALL_CLOCK.search(ast.unparse(node)):
            yield ast.unparse(node)
    yield from (name for name in imports_of(tree) if WALL_CLOCK.search(name))


def public_without_docstring(tree, *, inside=""):
    """Yield the names of public classes, functions and methods that say nothing."""
    for node in tree.body:
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node, inside=f"{node.name}.")


# -- arrows ------------------------------------------------------------------


def test_every_package_has_a_row_of_arrows_and_every_row_a_package():
    assert {package_of(module) for module in SOURCES} == set(ARROWS) | set(GROUND_ARROWS)
    assert set(GROUND_ARROWS) == GROUND


def test_a_package_imports_only_what_its_row_allows():
    allowed = {name: set(row.split()) | GROUND for name, row in ARROWS.items()}
    allowed |= {name: set(row.split()) for name, row in GROUND_ARROWS.items()}
    offences = {
        f"{module} -> {imported}"
        for module, tree in TREES.items()
        for imported in modules_imported(tree)
        if package_of(imported) not in allowed[package_of(module)] | {package_of(module)}
    }
    assert offences == set()


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: set(modules_imported(tree)) - {module} for module, tree in TREES.items()}
    assert circles_in(graph) == []


def circles_in(graph):
    """List the circles of a graph, each as a path that ends where it begins."""
    done, circles = set(), []

    def follow(module, above):
        if module in above:
            circles.append([*above[above.index(module) :], module])
        elif module not in done:
            for below in sorted(graph.get(module, ())):
                follow(below, [*above, module])
            done.add(module)

    for module in sorted(graph):
        follow(module, [])
    return circles


def test_the_network_and_the_files_never_meet_below_the_recorder():
    files = {"archive", "read", "write", "coverage", "upkeep", "health"}
    assert not files & set(f"{ARROWS['connection']} {ARROWS['protocol']}".split())
    for name in files:
        assert not {"connection", "protocol"} & set(ARROWS[name].split())


def test_a_command_imports_no_other_command():
    commands = {module for module in SOURCES if module.startswith("chatlog.cli.commands.")}
    offences = {
        f"{module} -> {imported}"
        for module in commands
        for imported in modules_imported(TREES[module])
        if imported in commands - {module}
    }
    assert offences == set()


def test_a_format_is_known_by_name_only_to_the_table_of_formats():
    offences = {
        f"{module}: {ast.unparse(node)}"
        for module, tree in TREES.items()
        if not module.startswith("chatlog.formats.")
        for node in ast.walk(tree)
        if compares_a_format(node)
    }
    assert offences == set()


def compares_a_format(node):
    """Return whether a node compares a suffix, or names a suffix with its dot."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        constant = any(
            isinstance(each, ast.Constant) or "SUFFIX" in ast.unparse(each) for each in sides
        )
        return constant and any("suffix" in ast.unparse(each).lower() for each in sides)
    return isinstance(node, ast.Constant) and node.value in {".log", ".jsonl"}


def test_a_library_is_imported_only_where_it_belongs():
    offences = {
        f"{module} imports {name}"
        for module, tree in TREES.items()
        for name in imports_of(tree)
        if (library := name.split(".")[0]) not in STDLIB | EVERYWHERE | {"chatlog"}
        and package_of(module) not in OUTSIDE[library]
    }
    assert offences == set()


def test_the_libraries_are_the_dependencies_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: project["optional-dependencies"][name] for name in EXTRAS}
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    declared = {re.match(r"[\w-]+", line).group().replace("-", "_") for line in lines}
    declared = {IMPORTED_AS.get(name, name) for name in declared}
    used = {name.split(".")[0] for tree in TREES.values() for name in imports_of(tree)}
    assert used - STDLIB - {"chatlog"} == declared == set(OUTSIDE) | EVERYWHERE


def test_an_import_by_name_is_left_to_the_table_of_commands_and_to_lean_imports():
    dynamic = [
        module
        for module, tree in TREES.items()
        if any(name.split(".")[0] == "importlib" for name in imports_of(tree))
    ]
    assert dynamic == ["chatlog.cli", "chatlog.cli.lean_imports"]


def test_a_function_imports_only_what_start_up_must_not_pay_for():
    late = [name for names in LATE_IMPORTS.values() for name in names.split()]
    found = {
        imported: module
        for module, tree in TREES.items()
        for function in functions_of(tree)
        for imported in imports_of(function)
    }
    offences = {
        f"{module}: {imported}"
        for imported, module in found.items()
        if not any(f"{imported}.".startswith(f"{name}.") for name in late)
    }
    assert offences == set()
    unused = [
        name
        for name in late
        if not any(f"{imported}.".startswith(f"{name}.") for imported in found)
    ]
    assert unused == []


@pytest.mark.parametrize(
    "module", ["chatlog.cli", "chatlog.cli.commands.tail", "chatlog.cli.commands.record"]
)
def test_help_and_reading_do_not_pay_for_the_network_or_for_rich(module):
    program = f"import sys, {module}; print({{'irc', 'rich'}} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "set()\n"


# -- purity and clocks -------------------------------------------------------


def test_a_pure_module_has_no_way_to_the_world():
    offences = {
        f"{module}: {way}"
        for module in SOURCES
        if any(f"{module}.".startswith(f"{pure}.") for pure in PURE)
        for way in ways_to_the_world(TREES[module])
    }
    assert offences == set()


def ways_to_the_world(tree):
    """Yield the imports and calls of a module that a pure one must not have."""
    for name in set(imports_of(tree)) - PURE_NAMES:
        if name.split(".")[0] not in PURE_MODULES:
            yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in IMPURE_CALLS:
            yield ast.unparse(node.func)


def test_the_wall_clock_is_read_only_where_it_is_said_why():
    readers = {module for module, tree in TREES.items() if list(clocks_read(tree))}
    assert readers == set(CLOCK_READERS)


# -- names, docstrings, lengths ----------------------------------------------


def test_no_module_is_named_after_nothing():
    assert [module for module in SOURCES if set(module.split(".")) & VAGUE_NAMES] == []


def test_everything_public_has_a_docstring():
    missing = [module for module, tree in TREES.items() if not ast.get_docstring(tree)]
    missing += [
        f"{module}.{name}"
        for module, tree in TREES.items()
        for name in public_without_docstring(tree)
    ]
    assert missing == []


def test_a_function_fits_on_a_screen():
    long = {
        f"{module}.{node.name}": lines
        for module, tree in TREES.items()
        for node in functions_of(tree)
        if (lines := node.end_lineno - node.lineno + 1) > LONGEST
    }
    assert long == {}


def test_a_class_name_means_one_thing():
    where = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where.setdefault(node.name, []).append(module)
    shared = {name: modules for name, modules in where.items() if len(modules) > 1}
    assert shared.keys() <= SHARED_NAMES


SHARED_NAMES = {"Entries", "Moment"}
"""Class names that still mean two things; the set only shrinks."""


# -- the checks themselves ---------------------------------------------------


def test_an_import_counts_wherever_it_stands():
    tree = ast.parse(
        "import os.path\n"
        "if TYPE_CHECKING:\n    from chatlog.cli.show import live\n"
        "def f():\n    from chatlog.record import recorder\n    from chatlog import __version__\n"
    )
    assert set(imports_of(tree)) == {
        "os.path",
        "chatlog.cli.show.live",
        "chatlog.record.recorder",
        "chatlog.__version__",
    }


def test_a_module_is_told_from_a_name_in_it():
    tree = ast.parse("from chatlog import event, __version__\nfrom chatlog.event import Event\n")
    assert set(modules_imported(tree)) == {"chatlog.event", "chatlog"}


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("segment.suffix == jsonl.SUFFIX", True),
        ("path.suffix != '.jsonl'", True),
        ("'.log' in name", True),
        ("name.suffix == self.encoding.suffix", False),
        ("segment.format.is_json", False),
    ],
)
def test_a_question_for_the_name_of_a_format_is_seen(line, is_one):
    assert any(map(compares_a_format, ast.walk(ast.parse(line)))) is is_one


def test_a_circle_of_imports_is_found():
    assert circles_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]
    assert circles_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    "line",
    [
        "time.time()",
        "time.time_ns()",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "f(default=time.time)",
        "from time import time_ns",
    ],
)
def test_a_look_at_the_clock_is_seen(line):
    assert list(clocks_read(ast.parse(line)))


@pytest.mark.parametrize("line", ["clock.now()", "now()", "time.monotonic()", "event.time"])
def test_what_is_no_look_at_the_clock_is_let_be(line):
    assert list(clocks_read(ast.parse(line))) == []
