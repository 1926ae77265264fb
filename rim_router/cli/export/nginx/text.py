"""What nginx reads: strings, patterns, comments and maps, each within the limits that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# nginx reads its configuration through a buffer of 4096 bytes: no string and no comment can be longer.
LONGEST = 2000
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
# These have a meaning where a map has a value to compare with (ngx_http_map_module).
_SPECIAL = frozenset({"default", "hostnames", "include", "volatile"})


def quoted(text: str) -> str:
    """A string, in which ``$`` begins a variable."""
    return f'"{"".join(_ESCAPES.get(each, each) for each in text)}"'


def literal(text: str) -> str:
    """A string that nginx says as it is, in one line; its end is cut off if it is too long for nginx."""
    made, length = [], 0
    for character in visible(text):
        each = "${dollar}" if character == "$" else _ESCAPES.get(character, character)
        length += len(each.encode())
        if length > LONGEST:
            made.append("…")
            break
        made.append(each)
    return f'"{"".join(made)}"'


def comment(text: str) -> str:
    """What may follow a ``#``."""
    whole = visible(text)
    return whole if len(whole.encode()) <= LONGEST else f"{whole[: LONGEST // 4]}…"


def pattern(path: str) -> str:
    """A regular expression for a path as a URL has it, to compare with what nginx has decoded."""
    found = unquote_to_bytes(path)
    return "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in found)


def value(text: str) -> str:
    """What a map compares with."""
    return f"\\{text}" if text in _SPECIAL else text


def mapping(source: str, variable: str, default: str, values: Mapping[str, str]) -> Iterator[str]:
    """A map, which is looked up each time: some of the variables that it depends on change.

    :param source: what is looked up; as nginx writes it, like everything else here.
    """
    yield f"    map {source} ${variable} {{"
    yield "        volatile;"
    yield f"        default {default};"
    for key, text in values.items():
        yield f"        {key} {text};"
    yield "    }"
