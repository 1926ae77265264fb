"""The pins in force: those next to each table file that is, and its [[wheel]] entries (reference: Pins)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rim_router.config.document import shown_path
from rim_router.config.files import read_file
from rim_router.errors import LocationError
from rim_router.rules.pins import NO_PINS, Pin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rim_router.config.files import LayerFile
    from rim_router.errors import Fault
    from rim_router.rules.pins import Pins
    from rim_router.rules.table import ExternalWheel


def pins_in_force(files: Iterable[LayerFile], wheels: Iterable[ExternalWheel]) -> tuple[Pins, list[Fault]]:
    """The pins next to some table files, merged, and everything that is wrong with them.

    :param files: lowest layer first; a table that is no file has nothing next to it.
    :param wheels: their ``[[wheel]]`` entries: what these say of a file holds wherever it comes from.
    :raises LocationError: if a file cannot be read, or is not to be trusted.
    """
    pins: list[Pin] = []
    faults: list[Fault] = []
    seen: set[Path] = set()
    for file in files:
        path = file.pins
        if path is None or path in seen:
            continue
        seen.add(path)
        found = read_file(path)
        if found is not None:
            content, status = found
            _check_owner(path, status, file.path)
            from rim_router.config.pinfile import read_pins

            more, wrong = read_pins(file.layer, path, content)
            pins += more
            faults += wrong
    pins += [
        Pin(each.name, each.version, each.filename, each.urls[0], each.size, each.digests, each.source)
        for each in wheels
    ]
    if not pins:
        return NO_PINS, faults
    from rim_router.config.pinfile import merge_pins

    merged, disagreements = merge_pins(pins)
    known = {(str(fault.where), fault.message) for fault in faults}
    return merged, faults + [each for each in disagreements if (str(each.where), each.message) not in known]


def _check_owner(path: Path, status: os.stat_result, table: Path) -> None:
    """Refuse pins that somebody else than the table's owner has put there: a pin can allow a file."""
    if not hasattr(os, "geteuid"):
        return  # files have no numeric owners there
    if status.st_uid not in (os.geteuid(), 0, table.stat().st_uid):
        raise LocationError(
            f"{shown_path(path)} belongs to a different user ({status.st_uid}) than the table next to it",
            hint="give it to the table's owner, or remove it",
        )
