"""Reads one table: everything that is in it, and everything that is wrong with it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from rim_router.config.ages import read_age
from rim_router.config.document import Document, read_toml, shown_text
from rim_router.config.indexes import read_indexes
from rim_router.config.keys import MIN_AGE, MINIMUM_OPENSSL, OPENSSL, SETTINGS, TABLE, Key
from rim_router.config.layer import Layer, PlainRoutes
from rim_router.config.locate import EMBEDDED_KEY
from rim_router.config.routes import plain_routes, read_routes
from rim_router.config.speed import read_speed
from rim_router.errors import TableError
from rim_router.rules.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.config.files import LayerFile
    from rim_router.rules.table import ExternalWheel

LARGE = 8_192
"""From how many bytes on a file may have so many plain lines that it pays to read these in another way."""


def parse(file: LayerFile, environ: Mapping[str, str] | None = None) -> Layer:
    """Read a table; what is wrong with it is in the result and not raised."""
    environ = os.environ if environ is None else environ
    if file.layer == "command":
        from rim_router.config.command import read_command  # few pips have one

        return read_command(file, environ)
    if len(file.content) >= LARGE and not file.embedded:
        layer = _parse_large(file, environ)
        if layer is not None:
            return layer
    return _parse_whole(file, environ)


def _parse_whole(file: LayerFile, environ: Mapping[str, str]) -> Layer:
    try:
        text, data = read_toml(file.content, file.shown)
    except TableError as error:
        return Layer(Source(file.layer, file.shown), faults=error.faults, complete=False)
    base = EMBEDDED_KEY if file.embedded else ()
    table: Any = data
    for part in base:
        table = table.get(part, {}) if isinstance(table, dict) else table
    return _parse_table(_document(file, text, base), table, environ)


def _parse_large(file: LayerFile, environ: Mapping[str, str]) -> Layer | None:
    """A table with plain lines; None if each of its lines has to be looked at."""
    from rim_router.config.plain import read_plain  # few tables are large

    plain = read_plain(file.content)
    if plain is None:
        return None
    document = _document(file, plain.text, ())
    layer = _parse_table(document, plain.data, environ)
    if any(str(pattern) in plain.names for pattern in layer.routes):
        return None
    routes = PlainRoutes(
        plain.names, plain_routes(document, ("routes",), plain.names), lambda: _parse_whole(file, environ)
    )
    return layer.replaced(plain=routes)


def _document(file: LayerFile, text: str, base: Key) -> Document:
    # A relative path in a table that was fetched would be relative to where a copy is kept.
    directory = None if file.is_fetched else file.path.parent
    return Document(file.layer, file.shown, directory, text, base)


def _parse_table(document: Document, value: object, environ: Mapping[str, str]) -> Layer:
    base = document.base
    source = document.source(base)
    table = document.table(base, value)
    if table is None:
        return Layer(source, faults=tuple(document.faults), complete=False)
    document.unknown_keys(base, table, TABLE)
    indexes = read_indexes(document, (*base, "indexes"), table.get("indexes", {}), environ)
    routes = read_routes(document, (*base, "routes"), table.get("routes", {}))
    wheels = _read_wheels(document, (*base, "wheel"), table["wheel"]) if "wheel" in table else []
    policy = _read_policy(document, (*base, "policy"), table.get("policy", {}))
    speed = read_speed(document, (*base, "speed"), table["speed"]) if "speed" in table else {}
    # A mistyped [indexes] is one fault, and not one more for each route to what it defines.
    for name, entry in table.items():
        if name not in TABLE and isinstance(entry, dict):
            indexes = {**dict.fromkeys(entry), **indexes}
    complete = isinstance(table.get("indexes", {}), dict)
    faults = tuple(document.faults)
    return Layer(source, indexes, routes, policy, faults, complete, tuple(wheels), speed=speed)


def _read_wheels(document: Document, key: Key, value: object) -> list[ExternalWheel]:
    # Few tables have such entries, and it takes the code that knows the names of wheels to read them.
    from rim_router.config.wheels import read_wheels

    return read_wheels(document, key, value)


def _read_policy(document: Document, key: Key, value: object) -> dict[str, tuple[str, Source]]:
    table = document.table(key, value)
    if table is None:
        return {}
    policy: dict[str, tuple[str, Source]] = {}
    for name, setting in document.members(key, table, SETTINGS).items():
        place = (*key, name)
        if name == MINIMUM_OPENSSL and not re.fullmatch(OPENSSL, setting):
            document.fault(place, f"{shown_text(setting)} is not a version such as 3.0.15")
            continue
        value = read_age(document, place, setting) if name == MIN_AGE else setting
        if value is not None:
            policy[name] = (value, document.source(place))
    return policy
