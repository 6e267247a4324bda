"""Real programs of Debian hear a conversation; an import of their logs gives all they hold."""

import pytest

from tests.dialects.capture import capture
from tests.dialects.conversation import CONVERSATIONS
from tests.dialects.golden import OPTIONS, log_files
from tests.dialects.holding import HOLDINGS, held
from tests.dialects.importing import imported, told_apart
from tests.dialects.programs import PROGRAMS
from tests.servers.daemons import NotInstalledError


@pytest.mark.server
@pytest.mark.parametrize("heard", CONVERSATIONS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_import_gives_all_that_the_log_of_a_real_program_can_hold(name, heard, place, miss):
    try:
        logs, events = capture(PROGRAMS[name], CONVERSATIONS[heard], place)
    except NotInstalledError as error:
        miss(str(error))
    status, found = imported(log_files(logs), OPTIONS[name], place / "archive")
    assert told_apart(found, held(HOLDINGS[name], events)) == []
    assert status == HOLDINGS[name].is_ambiguous
