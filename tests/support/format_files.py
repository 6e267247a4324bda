"""Contents of FORMAT, and things that stand in its place."""

from __future__ import annotations

import os

KNOWN = [
    b"chatlog archive, version 1\n",
    b"chatlog archive, version 1\nindex: 3\n",
    b"chatlog archive, version 1\n\xff\0 not for us",
]
LATER = [
    (b"chatlog archive, version 3\n", 3),
    (b"chatlog archive, version 10\nread docs/versions.md\n", 10),
    (b"chatlog archive, version 999999999\n", 999_999_999),
]
DAMAGED = [
    b"",
    b"\n",
    b"chatlog archive, version 1",  # torn: it may have been 10
    b"chatlog archive, version \n",
    b"chatlog archive, version 0\n",
    b"chatlog archive, version -1\n",
    b"chatlog archive, version 01\n",
    b"chatlog archive, version 1.1\n",
    b"chatlog archive, version 1 \n",
    b"chatlog archive, version 1\r\n",
    b"chatlog archive, version 1000000000\n",
    b"chatlog archive, version \xd9\xa1\n",  # a digit of another script
    b"Chatlog archive, version 1\n",
    b"\nchatlog archive, version 1\n",
    b"\0" * 27,
    b"\xff\xfe",
    b"x" * 100_000,
]


def _link(path):
    elsewhere = path.parent.with_name(f"{path.parent.name} of elsewhere")
    elsewhere.write_bytes(KNOWN[0])
    path.symlink_to(elsewhere)


def _dangling_link(path):
    path.symlink_to("nowhere")


IN_THE_WAY = {
    "a link": _link,
    "a dangling link": _dangling_link,
    "a pipe": os.mkfifo,
    "a directory": os.mkdir,
}
"""What stands there instead: a function of the path makes it."""
