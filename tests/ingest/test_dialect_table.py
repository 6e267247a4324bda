"""The table of dialects in docs/importing.md is made from the table of the code.

`CHATLOG_WRITE_DIALECTS=1` writes it anew.
"""

import os
import re
from pathlib import Path

from chatlog.ingest.dialects import DIALECTS

DOCUMENT = Path(__file__).parents[2] / "docs/importing.md"
PLACE = re.compile(r"(<!-- dialects -->\n).*?(<!-- end of dialects -->)", re.DOTALL)
PROVEN = {"run": "real", "source": "source", "sample": "samples"}


def row_of(dialect):
    names = ", ".join(f"`{name}`" for name in (dialect.name, *dialect.aliases))
    lacks = (dialect.lacks or "nothing").replace("|", "\\|")
    return f"| {names} | {dialect.title} | {PROVEN[dialect.proven]} | {lacks} |"


def table():
    head = ["| `--dialect` | Programs | Form | Cannot hold |", "|---|---|---|---|"]
    return "\n".join([*head, *map(row_of, sorted(DIALECTS, key=lambda each: each.name))])


def test_the_document_lists_every_dialect_and_how_it_is_proven():
    text = DOCUMENT.read_text()
    current = PLACE.sub(lambda found: f"{found[1]}\n{table()}\n\n{found[2]}", text)
    if os.environ.get("CHATLOG_WRITE_DIALECTS"):
        DOCUMENT.write_text(current)
    assert DOCUMENT.read_text() == current
