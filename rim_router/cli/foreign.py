"""Files of other tools, whose shape nobody has checked: what is there in the shape that is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.config.document import read_toml, shown_path
from rim_router.errors import LocationError

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path) -> str:
    """What is in a file.

    :raises LocationError: if it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LocationError(f"{shown_path(path)} cannot be read: {reason}") from None


def read_table(path: Path) -> dict[str, Any]:
    """The TOML in a file.

    :raises LocationError: if it cannot be read.
    :raises TableError: if it is no TOML.
    """
    return read_toml(read_text(path).encode(), shown_path(path))[1]


def table(value: object, *path: str) -> dict[str, Any]:
    """The table at a path of keys; an empty one if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[dict[str, Any]]:
    """The tables of an array, or the one that stands for it."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def strings(value: object) -> list[str]:
    """The strings of an array, or the one that stands for it."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, str)]


def string(value: object) -> str | None:
    """A string that has something in it."""
    return value if isinstance(value, str) and value.strip() else None
