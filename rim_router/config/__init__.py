"""The tables in force for a directory: found, read and put together."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from rim_router.config.files import LayerFile
from rim_router.config.locate import locate

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from rim_router.rules.table import RoutingTable

__all__ = ["LayerFile", "load", "load_files", "locate"]


def load(directory: os.PathLike[str] | str | None = None) -> RoutingTable:
    """The tables in force for a directory, merged; none is the working directory.

    Without any table the result is not in force, and leaves every name to pip.

    :raises LocationError: if a table is missing, cannot be read or is not to be trusted.
    :raises TableError: with everything that is wrong in the tables.
    """
    return load_files(locate(directory))


def load_files(files: Iterable[LayerFile], *, need_variables: bool = False) -> RoutingTable:
    """What some files say, merged.

    :param files: lowest layer first.
    :param need_variables: whether a variable that is not set is a fault for everybody.
    :raises LocationError: if the pins next to one cannot be read, or are not to be trusted.
    :raises TableError: with everything that is wrong in them, and in the pins next to them.
    """
    # Where there is no table, pip is not to pay for the code that reads one.
    from rim_router.config.indexes import unset_fault
    from rim_router.config.merge import merge
    from rim_router.config.parse import parse
    from rim_router.config.pinning import pins_in_force

    # Everything that is made here stays, and there can be very much of it: looking for garbage again and
    # again while a table with 100,000 routes is read takes twice as long as reading it.
    collecting = gc.isenabled()
    gc.disable()
    try:
        files = tuple(files)
        layers = [parse(file) for file in files]
        pins, faults = pins_in_force(files, [wheel for layer in layers for wheel in layer.wheels])
        if need_variables:
            defined = [index for layer in layers for index in layer.indexes.values()]
            faults += [unset_fault(index) for index in defined if index is not None and index.unset]
        return merge(layers, pins, faults)
    finally:
        if collecting:
            gc.enable()
