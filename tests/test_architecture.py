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

GROUND = {"__init__", "errors", "event", "casemapping", "secret"}
BELOW_RECORDER = GROUND | {"protocol", "formats", "query", "transcript", "connection"}
KEEPING = {"hearing", "listening", "outcomes", "playback", "asking"}
NETWORK = (
    BELOW_RECORDER | {"intake", "limits", "policies", "status", "durability", "backfill"} | KEEPING
)
RECORDER = NETWORK | {"conversation", "supervisor"}
ATTENDING = {"heartbeat", "notify", "diagnostics", "clock"}
ARROWS = {
    "__init__": set(),
    "errors": set(),
    "event": set(),
    "casemapping": set(),
    "clock": {"event"},
    "config": {"errors"},
    "secret": set(),
    "presets": {"errors", "config"},
    "configfile": {"errors", "config", "secret", "presets"},
    "status": {"event"},
    "notify": set(),
    "diagnostics": set(),
    "policies": {"event"},
    "limits": {"event"},
    "protocol": GROUND,
    "formats": GROUND,
    "query": GROUND | {"formats"},
    "transcript": GROUND | {"formats", "query"},
    "cores": {"errors"},
    "hours": set(),
    "stats": GROUND | {"formats", "hours", "query"},
    "people": {"stats"},
    "presence": GROUND,
    "searching": GROUND | {"cores", "formats", "query", "transcript"},
    "surroundings": GROUND | {"formats", "query", "searching", "transcript"},
    "connection": GROUND | {"protocol"},
    "heartbeat": GROUND | {"status", "notify", "transcript"},
    "background": set(),
    "durability": GROUND | {"background", "transcript"},
    "housekeeping": GROUND | {"background", "transcript"},
    "intake": GROUND | {"transcript", "limits", "durability"},
    "hearing": GROUND | {"status", "transcript"},
    "listening": GROUND | {"hearing", "transcript"},
    "outcomes": GROUND | {"protocol", "transcript"},
    "asking": GROUND | {"protocol"},
    "playback": GROUND | {"protocol", "transcript"},
    "backfill": BELOW_RECORDER
    | {"asking", "background", "intake", "listening", "outcomes", "playback"},
    "conversation": BELOW_RECORDER | {"intake", "backfill", "listening"},
    "supervisor": NETWORK | {"conversation"},
    "recorder": RECORDER | {"housekeeping"},
    "audit": NETWORK,
    "auditing": RECORDER | {"audit"},
    "demo": BELOW_RECORDER | {"recorder", "clock"},
    "cli": RECORDER
    | ATTENDING
    | {"searching", "surroundings", "stats", "people", "hours", "presence"}
    | {"audit", "auditing", "recorder", "config", "demo", "configfile", "presets"},
    "__main__": {"cli"},
}
"""What each part may import, beside itself."""

OUTSIDE = {
    "click": {"cli"},
    "rich": {"cli"},
    "irc": {"connection"},
    "platformdirs": {"config"},
    "scramp": {"protocol"},
    "cryptography": {"protocol"},
    "python_socks": {"connection"},
    "backports": {"transcript"},
    "watchfiles": {"cli"},
    "hyperscan": {"transcript"},
    "msgspec": set(ARROWS),
}
"""Which parts may import a library."""

STDLIB = sys.stdlib_module_names | {"compression"}  # which Python has from 3.14
IMPORTED_AS = {"backports_zstd": "backports"}

EXTRAS = ("scram", "ecdsa", "proxy", "watch", "fast", "zstd")
"""The extras whose libraries are imported where they are needed, and only there."""

PURE = {
    "errors",
    "event",
    "casemapping",
    "status",
    "protocol",
    "formats",
    "query",
    "hours",
    "stats",
    "people",
    "presence",
}
PURE_MODULES = {
    *("__future__", "base64", "calendar", "collections", "dataclasses", "datetime", "enum"),
    *(
        "fnmatch",
        "functools",
        "heapq",
        "itertools",
        "json",
        "msgspec",
        "re",
        "typing",
        "unicodedata",
        "warnings",
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
    "chatlog.cli.record": "--until is a time of this day",
}

LONGEST = 45
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def name_of(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


SOURCES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_bytes()) for name, path in SOURCES.items()}
each_module = pytest.mark.parametrize("module", SOURCES)


def part_of(module):
    """Name the row of ARROWS that a module of ours stands in."""
    return [*module.split("."), "__init__"][1]


def imports_of(tree):
    """Yield what is imported, in full: `time.gmtime`, `chatlog.event.Event`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(tree):
    """Name the parts of ours that are imported."""
    ours = [name for name in imports_of(tree) if name.split(".")[0] == "chatlog"]
    return {part if (part := part_of(name)) in ARROWS else "__init__" for name in ours}


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


def test_every_part_has_a_row_of_arrows_and_every_row_a_part():
    assert {part_of(module) for module in SOURCES} == set(ARROWS)


def test_arrows_never_go_round():
    def below(part, above=()):
        assert part not in above, f"{' -> '.join(above)} -> {part}"
        for lower in ARROWS[part]:
            below(lower, (*above, part))

    for part in ARROWS:
        below(part)


def test_the_network_and_the_files_never_meet_below_the_recorder():
    assert "transcript" not in ARROWS["connection"] | ARROWS["protocol"]
    assert not {"connection", "protocol"} & (ARROWS["transcript"] | ARROWS["formats"])


def test_nothing_but_the_entry_point_imports_the_command_line_and_only_it_the_demo():
    assert [part for part, below in ARROWS.items() if "cli" in below] == ["__main__"]
    assert [part for part, below in ARROWS.items() if "demo" in below] == ["cli"]


@each_module
def test_a_module_imports_only_what_lies_below_it(module):
    part = part_of(module)
    assert parts_imported(TREES[module]) - {part} <= ARROWS[part]


@each_module
def test_a_library_is_imported_only_where_it_belongs(module):
    for name in imports_of(TREES[module]):
        library = name.split(".")[0]
        if library not in STDLIB | {"chatlog"}:
            assert part_of(module) in OUTSIDE[library], f"{module} imports {name}"


def test_the_libraries_are_the_dependencies_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: project["optional-dependencies"][name] for name in EXTRAS}
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    declared = {re.match(r"[\w-]+", line).group().replace("-", "_") for line in lines}
    declared = {IMPORTED_AS.get(name, name) for name in declared}
    used = {name.split(".")[0] for tree in TREES.values() for name in imports_of(tree)}
    assert used - STDLIB - {"chatlog"} == declared == set(OUTSIDE)


def test_an_import_by_name_is_left_to_the_table_of_commands():
    dynamic = [
        module
        for module, tree in TREES.items()
        if any(name.split(".")[0] == "importlib" for name in imports_of(tree))
    ]
    assert dynamic == ["chatlog.cli"]


@pytest.mark.parametrize("module", ["chatlog.cli", "chatlog.cli.tail", "chatlog.cli.record"])
def test_help_and_reading_do_not_pay_for_the_network_or_for_rich(module):
    program = f"import sys, {module}; print({{'irc', 'rich'}} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "set()\n"


# -- purity and clocks -------------------------------------------------------


@pytest.mark.parametrize("module", [name for name in SOURCES if part_of(name) in PURE])
def test_a_pure_module_has_no_way_to_the_world(module):
    imported = set(imports_of(TREES[module])) - PURE_NAMES
    assert {name for name in imported if name.split(".")[0] not in PURE_MODULES} == set()
    called = {ast.unparse(node.func) for node in ast.walk(TREES[module]) if _is_call(node)}
    assert called & IMPURE_CALLS == set()


def _is_call(node):
    return isinstance(node, ast.Call)


@each_module
def test_the_wall_clock_is_read_only_where_it_is_said_why(module):
    if module not in CLOCK_READERS:
        assert list(clocks_read(TREES[module])) == []


def test_who_may_read_the_clock_does():
    assert [name for name in CLOCK_READERS if not list(clocks_read(TREES[name]))] == []


# -- names, docstrings, lengths ----------------------------------------------


@each_module
def test_a_module_is_not_named_after_nothing(module):
    assert set(module.split(".")) & VAGUE_NAMES == set()


@each_module
def test_what_is_public_has_a_docstring(module):
    assert ast.get_docstring(TREES[module])
    assert list(public_without_docstring(TREES[module])) == []


@each_module
def test_a_function_fits_on_a_screen(module):
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions_of(TREES[module])}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


# -- the checks themselves ---------------------------------------------------


def test_an_import_counts_wherever_it_stands():
    tree = ast.parse(
        "import os.path\n"
        "if TYPE_CHECKING:\n    from chatlog.cli import live\n"
        "def f():\n    from chatlog import recorder, __version__\n"
    )
    assert set(imports_of(tree)) == {
        "os.path",
        "chatlog.cli.live",
        "chatlog.recorder",
        "chatlog.__version__",
    }
    assert parts_imported(tree) == {"cli", "recorder", "__init__"}


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
