"""Text as it may be shown on a terminal: nothing in it moves the cursor, is invisible or turns a line.

Names, reasons and URLs in messages come from tables, pages and servers. A terminal obeys the control
characters in them (C0, DEL, C1: an escape sequence begins with one), and shows what follows a bidirectional
mark in another order. Whatever cannot be seen as it is gets escaped as in a Python string.
"""

from __future__ import annotations

import re

# What is invisible and yet printable for Python (Default_Ignorable_Code_Point of the Unicode standard).
_INVISIBLE = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """A text in one line: everything that could not be seen is escaped, line ends included.

    What has been escaped already stays as it is.
    """
    if text.isprintable() and (text.isascii() or not re.search(_INVISIBLE, text)):
        return text
    return "".join(each if _is_visible(each) else _escaped(each) for each in text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines that are meant as such: line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in lines)


def legible(text: str, longest: int) -> str:
    """What somebody else has written, in one line, without what cannot be seen.

    :param longest: how many characters of it are enough.
    """
    seen = " ".join("".join(each for each in text if each.isspace() or _is_visible(each)).split())
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"


def _is_visible(character: str) -> bool:
    return character.isprintable() and not re.match(_INVISIBLE, character)


def _escaped(character: str) -> str:
    # By hand: a codec would be imported, and inside pip that may be too late.
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
