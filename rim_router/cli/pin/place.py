"""Where pins are written, and what makes them hold there (reference: Pins)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.pin.options import pin_command
from rim_router.cli.pin.store import PinError, Store
from rim_router.config.document import shown_path
from rim_router.config.files import FILE_NAME, PINS_NAME
from rim_router.config.locate import CONFIG_VARIABLE
from rim_router.config.pinfile import merge_pins
from rim_router.errors import TableError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rim_router.config import LayerFile
    from rim_router.rules.pins import Pin, Pins

_NOT_BY_PIN = (
    "central",
    "machine",
    "command",
)  # layers next to whose tables pins are not written unless that is said

_TABLE = """\
# This table has no routes of its own.
# With this file here pip reads the pins next to it, in pylock.external.toml.
"""


@dataclass(frozen=True)
class Place:
    """The lock file that is written.

    :param others: the pins of the other layers' files, which hold too.
    :param in_force: whether pip reads this file already.
    :param table: the table that has to be written for pip to read it; None for none.
    """

    store: Store
    others: Pins
    in_force: bool = True
    table: Path | None = None

    @property
    def explanation(self) -> str | None:
        """What is to be said once the file is written; None for nothing."""
        if self.table is not None:
            return f"{shown_path(self.table)}: written, without routes, so that these pins are read here"
        if self.in_force:
            return None
        return f"NOTE: pip does not read {self.store.shown}: it reads {PINS_NAME} next to each table in force"

    def bring_into_force(self) -> None:
        """Write the table that is needed.

        :raises PinError: if that cannot be done.
        """
        if self.table is None:
            return
        try:
            with self.table.open("x", encoding="utf-8") as file:
                file.write(_TABLE)
        except FileExistsError:
            return
        except OSError as error:
            raise PinError(f"{shown_path(self.table)} cannot be written: {error.strerror}") from None


def choose_place(layers: Sequence[LayerFile], args: argparse.Namespace) -> Place:
    """Where the pins go: into ``--output``, or else next to the highest layer's table.

    :param layers: the tables in force, lowest first.
    :raises PinError: if that is the machine's, or a central one.
    :raises TableError: if pins that are there contradict each other.
    """
    here = Path.cwd() / PINS_NAME
    in_project = any(file.layer == "project" for file in layers) or CONFIG_VARIABLE in os.environ
    elsewhere = f"run: {pin_command(args, '--output', PINS_NAME)}"
    advice = f"to keep them in this directory, {elsewhere}"
    if in_project:
        advice = f"as somebody who may write there, run: {pin_command(args)}"
    beside = {file.pins: file.layer for file in layers if file.pins is not None}
    highest = next((file for file in reversed(layers) if file.layer != "command"), layers[-1])
    table = None
    if args.output is not None:
        path = Path(os.path.normpath(Path.cwd() / Path(args.output).expanduser()))
        advice = "give another file with --output"
        if path == here and not in_project:
            table = here.with_name(FILE_NAME)
    elif highest.layer in _NOT_BY_PIN or highest.pins is None:
        if in_project:  # and no table of it, so the variable turns that layer off
            advice = f"unset {CONFIG_VARIABLE}, which turns off the tables of projects, and {elsewhere}"
        which = highest.shown if highest.name is not None else f"the machine's ({highest.shown})"
        raise PinError(
            f"the only routing table in force is {which}, and pins are not written next to that", hint=advice
        )
    else:
        path = highest.pins
    store = Store(beside.get(path, "project"), path, advice)
    in_force = path in beside or table is not None
    return Place(store, _pins(beside, path), in_force, table)


def _pins(beside: dict[Path, str], own: Path) -> Pins:
    """Those of the files next to the tables but one."""
    pins: list[Pin] = []
    for path, layer in beside.items():
        if path != own:
            pins += Store(layer, path).read()[1]
    merged, faults = merge_pins(pins)
    if faults:
        raise TableError(faults)
    return merged
