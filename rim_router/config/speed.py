"""Reads ``[speed]`` of one table, and puts those of all layers together with the variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.config.keys import SPEED
from rim_router.errors import Fault, Where
from rim_router.rules.speed import FEATURES, VARIABLE, turned_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rim_router.config.document import Document
    from rim_router.config.keys import Key


def read_speed(document: Document, key: Key, value: object) -> dict[str, bool]:
    """Which features a table turns on or off."""
    table = document.table(key, value)
    return {} if table is None else document.members(key, table, SPEED)


def merge_speed(
    layers: Iterable[Mapping[str, bool]], environ: Mapping[str, str], faults: list[Fault]
) -> frozenset[str]:
    """The features that are on: all of them, but for what the highest layer that says so turns off.

    :param layers: what each of them says, lowest first.
    """
    settings = {name: on for layer in layers for name, on in layer.items()}
    found = frozenset(name for name in FEATURES if settings.get(name, True))
    try:
        return found - turned_off(environ.get(VARIABLE, ""))
    except ValueError as error:
        faults.append(Fault(str(error), Where(VARIABLE)))
        return frozenset()
