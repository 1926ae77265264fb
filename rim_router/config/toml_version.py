"""What in a document is TOML 1.1: a table means the same on every Python, or nothing.

The readers of Python 3.11 to 3.14 know TOML 1.0, that of Python 3.15 and tomli from 2.4 on know 1.1. What
1.1 adds is little: line ends, comments and a comma at the end in inline tables, the escapes ``\\e`` and
``\\xHH``, and times without seconds.
"""

from __future__ import annotations

import re

from rim_router.record import Record

# A string without escapes; a pair of a name and such a string, or a table of such pairs. Most lines of a
# large table are of this form, and many are passed over at once.
_PLAIN = r'"[^"\\\n]*"(?!")'
_PAIR = rf"[ \t]*(?:[A-Za-z0-9_-]+|{_PLAIN})[ \t]*=[ \t]*"
_TABLE = rf"\{{{_PAIR}{_PLAIN}(?:[ \t]*,{_PAIR}{_PLAIN})*[ \t]*\}}"
_LINE = rf"{_PAIR}(?:{_PLAIN}|{_TABLE})[ \t]*(?:#[^\n]*)?\r?\n"
# Strings and comments as wholes, what tables and arrays are made of, and whatever else there is. A quotation
# mark that is left alone ends what can be TOML.
_TOKEN = (
    rf"(?sm)^(?P<lines>(?:{_LINE})+)"
    r"""|(?P<basic>"{3}[^"\\]*(?:(?:\\.|""?(?!"))[^"\\]*)*"{3,5}|"(?!"")[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")"""
    r"""|'{3}.*?'{3,5}|'(?!'')[^'\n]*'"""
    r"""|(?P<alone>["'])"""
    r"""|(?P<break>\r?\n|\#[^\n]*)"""
    r"""|[][{},]"""
    r"""|(?P<other>[^][{},\s"'#]+)"""
)
_TIME = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt])?(?<![-+:0-9])[0-9]{2}:[0-9]{2}(?!:[0-9])"
_ESCAPE = r"(?s)\\(?:(e)|x([0-9A-Fa-f]{2})|.)"
# Without any of these there is nothing to be found.
_SIGNS = r"\{|\\[ex]|[0-9]{2}:[0-9]{2}"


class Newer(Record):
    """Something that TOML 1.1 has and 1.0 has not.

    :param offset: where it begins in the text.
    """

    offset: int
    what: str
    hint: str


def first_newer(text: str) -> Newer | None:
    """The first thing in a text that is TOML 1.1; None if there is nothing.

    The text need not be TOML at all: up to where it no longer is, what is found is right.
    """
    if re.search(_SIGNS, text) is None:
        return None
    brackets: list[str] = []
    comma: int | None = None  # what comes before, line ends and comments aside, if it is a comma
    for match in re.finditer(_TOKEN, text):
        if match.lastgroup == "alone":
            break
        inside = brackets[-1:] == ["{"]
        found = _newer(match, inside, comma)
        if found is not None:
            return found
        mark = match.group()
        if mark in ("[", "{"):
            brackets.append(mark)
        elif mark in ("]", "}"):
            del brackets[-1:]
        if match.lastgroup != "break":
            comma = match.start() if mark == "," else None
    return None


def _newer(match: re.Match[str], inside: bool, comma: int | None) -> Newer | None:
    """What is newer in one token.

    :param inside: whether it is directly in an inline table.
    :param comma: see :func:`first_newer`.
    """
    text, kind, start = match.group(), match.lastgroup, match.start()
    if kind == "break" and inside:
        return Newer(start, "an inline table over several lines", "write it in one line, or as a [table]")
    if text == "}" and inside and comma is not None:
        return Newer(comma, "a comma at the end of an inline table", "remove it")
    time = re.search(_TIME, text) if kind == "other" and ":" in text else None
    if time is not None:
        return Newer(start + time.start(), "a time without seconds", "add :00")
    return _newer_escape(text, start) if kind == "basic" else None


def _newer_escape(token: str, start: int) -> Newer | None:
    if "\\" not in token:
        return None
    for match in re.finditer(_ESCAPE, token):
        digits = "1b" if match[1] else match[2]
        if digits:
            return Newer(start + match.start(), f"the escape {match.group()}", f"write \\u00{digits.lower()}")
    return None
