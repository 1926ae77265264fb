"""The line of each key in a TOML document, which TOML readers do not tell.

Only for documents that a TOML reader has accepted: nothing is checked here a second time. One pass,
linear in the length of the document, and made only when somebody asks for a line.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from rim_router.config.keys import Key, item
from rim_router.libraries import toml

_BLANK = r"(?:[ \t\r\n]+|#[^\n]*)*"
_KEY = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_DOT = r"[ \t]*\.[ \t]*"
_SCALAR = (
    r'''(?s)"""(?:[^"\\]+|\\.|""?(?!"))*"{3,5}'''  # up to two quotes may stand before the closing three
    r"""|'''.*?'{3,5}"""
    r'''|"(?:[^"\\\n]+|\\.)*"'''
    r"""|'[^'\n]*'"""
    r"""|[^,\]}#\r\n]+"""  # numbers, booleans, and dates, which may have a space inside
)


class Lines:
    """The line of each key path of one document; the items of an array are ``"[0]"``, ``"[1]"``, ..."""

    def __init__(self, text: str) -> None:
        self._offsets = _Scanner(text).offsets
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def of(self, key: Key) -> int | None:
        """The 1-based line of a key, or of the nearest table around it that is in the document."""
        for length in range(len(key), 0, -1):
            offset = self._offsets.get(key[:length])
            if offset is not None:
                return bisect_right(self._newlines, offset) + 1
        return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.offsets: dict[Key, int] = {}
        self._text = text
        self._counts: dict[Key, int] = {}  # arrays of tables: how many so far
        self._position = 0
        table: Key = ()
        self._skip()
        try:
            while self._position < len(text):
                if text[self._position] == "[":
                    table = self._header()
                else:
                    self._pair(table)
                self._skip()
        except RecursionError:
            pass  # the lines up to a value that is nested too deeply are better than none

    def _skip(self) -> None:
        match = re.compile(_BLANK).match(self._text, self._position)
        if match is not None:
            self._position = match.end()

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _key(self) -> list[str]:
        """Read a dotted key."""
        parts: list[str] = []
        while True:
            match = re.compile(_KEY).match(self._text, self._position)
            if match is None:
                raise AssertionError(f"not a TOML document at offset {self._position}")
            token = match.group()
            if token[0] == '"' and "\\" in token:
                token = toml().loads(f"key = {token}")["key"]
            elif token[0] in "\"'":
                token = token[1:-1]
            parts.append(token)
            dot = re.compile(_DOT).match(self._text, match.end())
            if dot is None:
                self._position = match.end()
                return parts
            self._position = dot.end()

    def _header(self) -> Key:
        """Read ``[table]`` or ``[[array.of.tables]]``."""
        start = self._position
        width = 2 if self._text.startswith("[[", start) else 1
        self._position += width
        self._skip()
        parts = self._key()
        self._skip()
        self._position += width
        path: Key = ()
        for depth, part in enumerate(parts, 1):
            path += (part,)
            self.offsets.setdefault(path, start)
            if width == 2 and depth == len(parts):
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:  # a header names the last table of an array
                path += (item(self._counts[path]),)
                self.offsets.setdefault(path, start)
        return path

    def _pair(self, table: Key) -> None:
        """Read ``key = value``."""
        start = self._position
        path = table
        for part in self._key():
            path += (part,)
            self.offsets.setdefault(path, start)
        self._skip()
        self._position += 1  # the equals sign
        self._skip()
        self._value(path)

    def _value(self, path: Key) -> None:
        opening = self._peek()
        if opening not in ("[", "{"):
            match = re.compile(_SCALAR).match(self._text, self._position)
            if match is None:
                raise AssertionError(f"not a TOML document at offset {self._position}")
            self._position = match.end()
            return
        self._position += 1
        self._skip()
        count = 0
        while self._peek() not in ("]", "}", ""):
            if opening == "{":
                self._pair(path)
            else:
                place = (*path, item(count))
                self.offsets[place] = self._position
                self._value(place)
            count += 1
            self._skip()
            if self._peek() == ",":
                self._position += 1
                self._skip()
        self._position += 1
