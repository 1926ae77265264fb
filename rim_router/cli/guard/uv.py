"""The index URLs in uv's configuration files, changed in place: comments and all other settings stay."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.config.document import read_toml, shown_path
from rim_router.config.lines import Lines
from rim_router.errors import Fault, TableError, Where
from rim_router.rules.guards import DEFAULT_INDEX, GUARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEFAULTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_VARIABLES = (*_DEFAULTS, "UV_INDEX", "UV_EXTRA_INDEX_URL")
_LINKS, _LINKS_VARIABLE = "find-links", "UV_FIND_LINKS"
_YES = ("1", "true", "t", "yes", "y", "on")
_ADDED = f'\n[[index]]\nurl = "{GUARD}{DEFAULT_INDEX}"\ndefault = true\n'


def path(level: str) -> Path:
    """The file of a level: "user" or "global"; uv has no other.

    :raises TableError: for another level.
    """
    if level == "site":
        where = Where("uv")
        raise TableError([Fault("has no configuration of an environment", where, "use --user or --global")])
    if level == "global":
        base = os.environ.get("PROGRAMDATA", "") if sys.platform == "win32" else "/etc"
    else:
        usual = Path.home() / ".config"
        base = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME") or str(usual)
    return Path(base) / "uv" / "uv.toml"


def in_force(file: Path) -> list[tuple[str, str]]:
    """Every index URL and every place of find-links that uv may have in the working directory, with its key.

    :param file: of the level that is asked for.
    :raises TableError: for a file that is not TOML.
    """
    named = os.environ.get("UV_CONFIG_FILE")
    if os.environ.get("UV_NO_CONFIG", "").lower() in _YES:
        tables: list[tuple[Path, dict[str, Any]]] = []
    elif named:
        tables = [(Path(named), _read(Path(named))[1])]
    else:
        files = dict.fromkeys([file, path("user"), *_of_machine()])
        tables = [*_project(), *((each, _read(each)[1]) for each in files)]
    given = [
        (name, re.sub(r"^[\w.-]+=", "", url))
        for name in _VARIABLES
        for url in re.split(r"[\s,]+", os.environ.get(name, ""))
        if url
    ]
    found = [*given, *((_shown(file, key), url) for file, data in tables for key, url in _urls(data))]
    found += [(_shown(file, key), place) for file, data in tables for key, place in _find_links(data)]
    places = re.split(r"[\s,]+", os.environ.get(_LINKS_VARIABLE, ""))
    found += [(_LINKS_VARIABLE, place) for place in places if place]
    has_default = any(map(os.environ.get, _DEFAULTS)) or any(_has_default(data) for _, data in tables)
    return found if has_default else [*found, ("uv's default", DEFAULT_INDEX)]


def _of_machine() -> Iterator[Path]:
    """Where uv looks for the file of the machine, of which it takes the first."""
    if sys.platform != "win32":
        for directory in (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
            yield Path(directory or "/", "uv", "uv.toml")
    yield path("global")


def _project() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file of the project in which uv would be started, with its settings."""
    for directory in (Path.cwd(), *Path.cwd().parents):
        if (file := directory / "uv.toml").exists():
            yield file, _read(file)[1]
            return
        if (file := directory / "pyproject.toml").exists():
            tool = _read(file)[1].get("tool")
            if isinstance(tool, dict) and isinstance(tool.get("uv"), dict):
                yield file, tool["uv"]
                return


def _shown(file: Path, key: tuple[str, ...]) -> str:
    return f"{shown_path(file)}, {'.'.join(key)}"


def change(file: Path, make: Callable[[str], str]) -> list[str]:
    """Change each index URL.

    :raises TableError: for one that is written so that it cannot be changed in place.
    """
    before, data = _read(file)
    text = before
    guards = make(DEFAULT_INDEX) != DEFAULT_INDEX
    if not guards and text.endswith(_ADDED):
        text = text[: -len(_ADDED)]
        data = read_toml(text.encode(), shown_path(file))[1]
    changed = []
    for key, url in _urls(data):
        new = make(url)
        if new != url:
            text = _replaced(text, key, url, new, file)
            changed.append(".".join(key))
    if guards and not _has_default(data):
        text += _ADDED
        changed.append("index")
    if text != before:
        file.parent.mkdir(parents=True, exist_ok=True)
        if text:
            file.write_text(text, encoding="utf-8")
        else:
            file.unlink()
    return changed


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    return read_toml(file.read_bytes(), shown_path(file)) if file.exists() else ("", {})


def _urls(data: dict[str, Any], base: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(data.get("index-url"), str):
        yield (*base, "index-url"), data["index-url"]
    for position, url in enumerate(_array(data, "extra-index-url")):
        if isinstance(url, str):
            yield (*base, "extra-index-url", f"[{position}]"), url
    for position, table in enumerate(_array(data, "index")):
        if isinstance(table, dict) and isinstance(table.get("url"), str):
            yield (*base, "index", f"[{position}]", "url"), table["url"]
    if not base and isinstance(data.get("pip"), dict):
        yield from _urls(data["pip"], ("pip",))


def _find_links(data: dict[str, Any], base: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for place in _array(data, _LINKS):
        if isinstance(place, str):
            yield (*base, _LINKS), place
    if not base and isinstance(data.get("pip"), dict):
        yield from _find_links(data["pip"], ("pip",))


def _has_default(data: dict[str, Any]) -> bool:
    tables = _array(data, "index")
    return "index-url" in data or any(isinstance(each, dict) and each.get("default") for each in tables)


def _array(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _replaced(text: str, key: tuple[str, ...], url: str, new: str, file: Path) -> str:
    line = Lines(text).of(key) or 1
    start = sum(map(len, text.splitlines(keepends=True)[: line - 1]))
    for quote in "\"'":
        position = text.find(f"{quote}{url}{quote}", start)
        if position >= 0:
            return text[:position] + f"{quote}{new}{quote}" + text[position + len(url) + 2 :]
    where = Where(shown_path(file), line=line, key=".".join(key))
    raise TableError([Fault("this URL cannot be changed in place", where, f"change it by hand: {GUARD}…")])
