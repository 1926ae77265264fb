"""One table file: its TOML, the faults found in it, and the line of each key."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.config.keys import Key, item
from rim_router.errors import Fault, TableError, Where
from rim_router.libraries import reads_newer_toml, toml
from rim_router.rules.names import Pattern
from rim_router.rules.source import Source
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rim_router.config.keys import Shape
    from rim_router.config.lines import Lines

_BARE = r"[A-Za-z0-9_-]+"
_ITEM = r"\[\d+\]"
_PLACE = r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
_QUERY = r"(?s)[?#].*"  # of a URL whose scheme is missing, or is not what the text begins with
_TYPES = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "a string",
    list: "an array",
    dict: "a table",
}
_JSON_TYPES = {"boolean": bool, "integer": int, "array": list}


def shown_path(path: os.PathLike[str] | str) -> str:
    """A path as users see it: ``./relative`` if it is below the working directory, else absolute."""
    try:
        return f".{os.sep}{Path(path).relative_to(Path.cwd())}"
    except (ValueError, OSError):  # not below it, or the working directory is gone
        return str(path)


def shown_text(text: str) -> str:
    """What a user wrote, quoted, without anything that may be a credential, even if it is no valid URL."""
    head, at, rest = text.rpartition("@")
    if at:
        scheme = re.match(_SCHEME, head)
        prefix = scheme.group() if scheme else ""
        text = f"{prefix}****@{rest}"
    if re.match(_SCHEME, text):
        text = redact(text)
    elif "/" in text:
        text = re.sub(_QUERY, "?****", text)
    return json.dumps(text, ensure_ascii=False)


def shown_key(key: Key) -> str:
    """A key path as it would be written in TOML, the items of arrays as ``[0]``."""
    text = ""
    for part in key:
        if text and re.fullmatch(_ITEM, part):
            text += part
        else:
            text += ("." if text else "") + (part if re.fullmatch(_BARE, part) else shown_text(part))
    return text


def type_name(value: object) -> str:
    """What a TOML value is, for a message."""
    return _TYPES.get(type(value), "a date or time")


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The word that was probably meant."""
    import difflib  # costs several milliseconds and is needed only for a fault

    found = difflib.get_close_matches(word, list(words), n=1, cutoff=cutoff)
    return found[0] if found else None


def read_toml(content: bytes, file: str) -> tuple[str, dict[str, Any]]:
    """Decode and parse a file.

    :param file: its name as shown.
    :raises TableError: with line and column, if it is not UTF-8 or not TOML 1.0.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        place = Where(file, line=line, column=column)
        raise TableError([Fault(f"not UTF-8: byte 0x{content[error.start]:02x}", place)]) from None
    if text.startswith("\ufeff"):
        place = Where(file, line=1, column=1)
        raise TableError([Fault("not TOML: begins with a byte order mark", place, "save it without one")])
    reader = toml()
    try:
        data: dict[str, Any] = reader.loads(text)
    except RecursionError:
        raise TableError([Fault("cannot be read as TOML: nested too deeply", Where(file))]) from None
    except ValueError as error:  # TOMLDecodeError, and an integer with thousands of digits
        message = str(error)
        found = re.search(_PLACE, message)
        if found is None:
            place = Where(file)
        elif found[1] is None:
            place = _where(file, text, len(text))
        else:
            place = Where(file, line=int(found[1]), column=int(found[2]))
        fault = Fault(f"not TOML: {re.sub(_PLACE, '', message)}", place)
        raise TableError([_newer_before(fault, file, text) or fault]) from None
    newer = _newer_before(None, file, text) if reads_newer_toml(reader) else None
    if newer is not None:
        raise TableError([newer])
    return text, data


def _newer_before(fault: Fault | None, file: str, text: str) -> Fault | None:
    """A fault for what is TOML 1.1, unless it comes after one that every reader finds."""
    from rim_router.config.toml_version import first_newer  # few have to ask

    newer = first_newer(text)
    if newer is None:
        return None
    place = _where(file, text, newer.offset)
    if fault is not None and _position(place) > _position(fault.where):
        return None
    return Fault(
        f"{newer.what} is TOML 1.1, and tables are read as TOML 1.0 on every Python", place, newer.hint
    )


def _where(file: str, text: str, offset: int) -> Where:
    return Where(file, line=text.count("\n", 0, offset) + 1, column=offset - text.rfind("\n", 0, offset))


def _position(where: Where) -> tuple[int, int]:
    return (where.line or 0, where.column or 0)


class Document:
    """The table in one file, and the faults found in it so far.

    :param layer: which layer the file is.
    :param file: its name as shown.
    :param directory: what relative paths in it are relative to; None if they make no sense there.
    :param base: the key path below which the table is.
    """

    def __init__(self, layer: str, file: str, directory: Path | None, text: str, base: Key = ()) -> None:
        self.layer = layer
        self.file = file
        self.directory = directory
        self.base = base
        self.faults: list[Fault] = []
        self._text = text
        self._lines: Lines | None = None

    @property
    def trusted(self) -> bool:
        """Whether whoever wrote it may use any environment variable of this user (reference: [indexes])."""
        return self.layer in ("machine", "user", "environment")

    def line_of(self, key: Key) -> int | None:
        """The 1-based line of a key path of the file."""
        if self._lines is None:
            from rim_router.config.lines import Lines

            self._lines = Lines(self._text)
        return self._lines.of(key)

    def source(self, key: Key = ()) -> Source:
        """The origin of a key path of the file."""
        return Source(self.layer, self.file, key, self.line_of)

    def fault(self, key: Key, message: str, hint: str | None = None) -> None:
        """Note a fault."""
        self.faults.append(fault_at(self.source(key), message, hint))

    def wrong_type(self, key: Key, expected: str, value: object) -> None:
        """Note that a value is not what it should be."""
        self.fault(key, f"expected {expected}, found {type_name(value)}")

    def unknown_keys(self, key: Key, table: dict[str, Any], valid: Iterable[str]) -> None:
        """Note each key that does not exist, with the one that was probably meant."""
        valid = tuple(valid)
        for name in table:
            if name not in valid:
                guess = nearest(name.replace("_", "-").lower(), valid, 0.5)
                hint = f"did you mean {guess}?" if guess else f"valid keys are {', '.join(valid)}"
                self.fault((*key, name), "unknown key", hint)

    def members(self, key: Key, table: dict[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
        """The members of a table that are as declared; a fault for each other one.

        Of an array come the good items, each with its key.
        """
        self.unknown_keys(key, table, shapes)
        known = {name: value for name, value in table.items() if name in shapes}
        read = {name: self.value((*key, name), value, shapes[name]) for name, value in known.items()}
        return {name: value for name, value in read.items() if value is not None}

    def value(self, key: Key, value: object, shape: Shape) -> Any:
        """The value if its type and word are as declared; a fault and None if they are not."""
        kind = shape["type"]
        if "enum" in shape:
            return self.word(key, value, shape["enum"])
        if kind == "string":
            return self.string(key, value)
        if type(value) is not _JSON_TYPES[kind]:
            self.wrong_type(key, shape.get("title", f"a {kind}"), value)
            return None
        if not isinstance(value, list):
            return value
        keyed = [((*key, item(position)), entry) for position, entry in enumerate(value)]
        read = [(place, self.value(place, entry, shape["items"])) for place, entry in keyed]
        return [(place, entry) for place, entry in read if entry is not None]

    def table(self, key: Key, value: object, expected: str = "a table") -> dict[str, Any] | None:
        """The value if it is a table; a fault and None if it is not."""
        if isinstance(value, dict):
            return value
        self.wrong_type(key, expected, value)
        return None

    def string(self, key: Key, value: object) -> str | None:
        """The value if it is a string with something in it; a fault and None if it is not."""
        if not isinstance(value, str):
            self.wrong_type(key, "a string", value)
        elif not value.strip():
            self.fault(key, "cannot be empty")
        else:
            return value
        return None

    def project_name(self, key: Key, value: object, fault: str, hint: str | None = None) -> str | None:
        """The normalised name if the value is that of a project; a fault and None if it is not.

        :param fault: what is wrong with a pattern, which is noted and gives its literal.
        """
        text = self.string(key, value)
        if text is None:
            return None
        try:
            pattern = Pattern.parse(text)
        except ValueError as error:
            self.fault(key, str(error))
            return None
        if pattern.prefix:
            self.fault(key, fault, hint)
        return pattern.literal

    def word(self, key: Key, value: object, words: Sequence[str]) -> str | None:
        """The value if it is one of some words; a fault and None if it is not."""
        if not isinstance(value, str):
            self.wrong_type(key, "a string", value)
        elif value not in words:
            self.fault(key, f"{shown_text(value)} is not one of " + ", ".join(f'"{word}"' for word in words))
        else:
            return value
        return None


def fault_at(source: Source, message: str, hint: str | None = None) -> Fault:
    """A fault at a place of a table."""
    return Fault(message, Where(source.file, shown_key(source.key) or None, source.line), hint)
