"""Events as text: one module and one row of `FORMATS` for each format.

Pure: no file, no socket, no clock. To add a format, write its module and its
row.
"""

from __future__ import annotations

from typing import Final

from chatlog.formats import jsonl, plain

FORMATS: Final = {"jsonl": jsonl.SUFFIX, "text": plain.SUFFIX}
"""The formats in which transcripts are recorded, with the suffix of their segments."""
