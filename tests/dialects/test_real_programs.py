"""Real programs of Debian hear a conversation; an import of their logs gives all they hold."""

import tempfile
from pathlib import Path

import pytest

from chatlog.ingest.dialects import dialect_named
from tests.dialects.capture import capture
from tests.dialects.conversation import NIGHT
from tests.dialects.golden import OPTIONS, log_files
from tests.dialects.holding import HOLDINGS, held
from tests.dialects.importing import imported, told_apart
from tests.dialects.programs import PROGRAMS
from tests.servers.daemons import NotInstalledError


@pytest.fixture
def place():
    """A folder that programs can enter as nobody: those of pytest are for its user alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.server
@pytest.mark.parametrize("name", [each for each in PROGRAMS if dialect_named(each)])
def test_an_import_gives_all_that_the_log_of_a_real_program_can_hold(name, place, miss):
    try:
        logs = capture(PROGRAMS[name], NIGHT, place)
    except NotInstalledError as error:
        miss(str(error))
    truth = held(HOLDINGS[name], [step.event for step in NIGHT])
    status, events = imported(log_files(name, logs), OPTIONS[name], place / "archive")
    assert told_apart(events, truth) == []
    assert status == HOLDINGS[name].is_ambiguous
