"""The first steps, for a person who has neither an archive nor a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.settings.locations import data_directory, has_config

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = """\
chatlog records IRC channels, and nothing is recorded here yet. To begin:

  chatlog demo                                         see it work, offline
  chatlog record --server libera --channel '#python'   record until Ctrl-C
  chatlog tail -f '#python'                            read, meanwhile or later

`chatlog help` lists all commands. `chatlog config init` begins a configuration
for several networks.\
"""


def is_new(environment: Mapping[str, str]) -> bool:
    """Return whether neither variable nor file names an archive or a configuration."""
    named = {"CHATLOG_ARCHIVE", "CHATLOG_CONFIG"} & environment.keys()
    return not (named or has_config()) and not data_directory().exists()
