"""The plain lines of a large table, ``"name" = "index"``, without a TOML reader that looks at each character.

They are taken out of the text, and the reader gets the rest, with one mark where each run of them was. What
becomes of the marks proves that the lines are what they look like: see :func:`read_plain`.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from rim_router.config.document import read_toml
from rim_router.errors import TableError
from rim_router.record import Record

_HEADER = r"(?m)^\[routes\][ \t]*(?:#.*)?\r?$"
_LINE = r'(?m)^("[a-z0-9-]*\*?"|[a-z0-9-]+)[ \t]*=[ \t]*"([A-Za-z0-9._-]+)"[ \t]*(?:#[\t -~]*)?\r?\n'
# In names that are not normalised, or are none at all: in the others, what is written is the pattern.
_ODD = ("--", "\n-", "-\n", "\n\n")
_MARK = "\0"  # which no TOML has
_MARKS = rf"{_MARK}+"


class PlainText(Record):
    """A table, of which the plain lines are apart.

    :param data: what the reader makes of the rest.
    :param names: by the pattern of each plain line, in the order of the file, the name of its index.
    """

    text: str
    data: dict[str, Any]
    names: dict[str, str]


def read_plain(content: bytes) -> PlainText | None:
    """Read a file, which has the very same meaning to a TOML reader; None if that has to read it all.

    A run of plain lines is replaced by one line with a key that nobody could have foreseen. Where the reader
    finds all these keys directly in the table ``routes`` of a document without a fault, it has read each of
    them where a statement of that table begins, and would have read the lines in its place likewise. Inside a
    string, an array or another table it would not have.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    header = re.search(_HEADER, text)
    if header is None or _MARK in text:
        return None
    end = text.find("\n[", header.end()) + 1 or len(text)
    # What comes before the first plain line, its name and its index, what comes before the second, and so on.
    parts = re.split(_LINE, text[header.end() : end])
    if len(parts) == 1:
        return None
    written = "\n".join(["", *parts[1::3], ""]).replace('"', "")
    if any(each in written for each in _ODD):
        return None
    names = dict(zip(written[1:].split("\n"), map(sys.intern, parts[2::3])))
    keys: list[str] = []
    unforeseen = os.urandom(16).hex()

    def mark(_: re.Match[str]) -> str:
        keys.append(f"{unforeseen}-{len(keys)}")
        return f"{keys[-1]} = 0\n"

    rest = re.sub(_MARKS, mark, _MARK.join(parts[::3]))
    try:
        data = read_toml((text[: header.end()] + rest + text[end:]).encode(), "")[1]
    except TableError:
        return None
    routes = data.get("routes")
    if not isinstance(routes, dict) or any(routes.pop(key, None) != 0 for key in keys):
        return None
    if len(names) < len(parts) // 3 or not names.keys().isdisjoint(routes):
        return None
    return PlainText(text, data, names)
