"""Reads ``RIM_ROUTER_ROUTES``: the routes of one command, without a file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rim_router.config.document import Document, shown_key, shown_text
from rim_router.config.indexes import read_index
from rim_router.config.layer import Layer
from rim_router.config.routes import RawRoute, read_name, read_pattern
from rim_router.errors import Fault, Where
from rim_router.rules.source import Source
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.config.files import LayerFile
    from rim_router.rules.names import Pattern
    from rim_router.rules.table import Index

_FORM = (
    'write NAME=INDEX, NAME=URL or NAME=./PATH, as in "torch=pytorch acme-*=https://pypi.acme.example/simple"'
)

_SEVERAL = r"[,;](?:$|[A-Za-z0-9*][A-Za-z0-9*._-]*=)"
_SCHEME = r"(?a)[A-Za-z][\w+.-]*://"


def read_command(file: LayerFile, environ: Mapping[str, str]) -> Layer:
    """What the variable says: as a project's table with these routes, and an index for each URL and path."""
    source = Source(file.layer, file.shown)
    faults: list[Fault] = []
    indexes: dict[str, Index | None] = {}
    routes: dict[Pattern, RawRoute] = {}
    try:
        entries = file.content.decode("utf-8").split()
    except UnicodeDecodeError:
        return Layer(source, faults=(Fault("not UTF-8", Where(file.shown), _FORM),), complete=False)
    for entry in entries:
        document = Document(file.layer, file.shown, file.path.parent, "")
        _read_entry(document, entry, indexes, routes, environ)
        faults += [
            Fault(f"{_shown(entry)}: {fault.message}", Where(file.shown), fault.hint)
            for fault in document.faults
        ]
    return Layer(source, indexes, routes, faults=tuple(faults))


def _read_entry(
    document: Document,
    entry: str,
    indexes: dict[str, Index | None],
    routes: dict[Pattern, RawRoute],
    environ: Mapping[str, str],
) -> None:
    name, _, value = entry.partition("=")
    if not name or not value or _is_address(name):
        document.fault((), "is no route", _FORM)
        return
    if re.search(_SEVERAL, value):
        document.fault((), "has a comma or semicolon after a route", "separate routes by spaces")
        return
    if _is_misspelt(value):
        # What stands where no path has it may be a password or a token.
        document.fault((), "is neither a URL nor a path nor the name of an index", _FORM)
        return
    key = (name,)
    pattern = read_pattern(document, key, name)
    if _is_place(value):
        index = read_index(document, key, value, value, environ)
        # Not the value itself, which may have credentials: this is what it is called wherever it is named.
        indexes[value] = None if index is None else index.replaced(name=redact(index.url))
    target = read_name(document, key, (), value)
    if pattern is None or target is None:
        return
    earlier = routes.get(pattern)
    if earlier is not None:
        document.fault(
            key, f"is the same pattern ({pattern}) as {shown_key(earlier.source.key)}", "remove one of them"
        )
        return
    routes[pattern] = RawRoute(Source(document.layer, document.file, key), (target,))


def _is_place(value: str) -> bool:
    """Whether it is a URL or a path, and not the name of an index."""
    return "/" in value or os.sep in value or "${" in value or value.startswith("~") or value in (".", "..")


def _is_misspelt(value: str) -> bool:
    """Whether it is a URL with something in front of it, or without its scheme."""
    if re.match(_SCHEME, value):
        return False
    return value.startswith("=") or ":/" in value[2:] or "@" in value


def _is_address(name: str) -> bool:
    """Whether the first ``=`` of an entry is one inside a URL, as in its query."""
    return not set("/@?#").isdisjoint(name)


def _shown(entry: str) -> str:
    """An entry as it may be shown, whatever is in it."""
    name, equals, value = entry.partition("=")
    if not equals or _is_address(name):
        return shown_text(entry)
    return f'"{shown_text(name)[1:-1]}={shown_text(value)[1:-1]}"'
