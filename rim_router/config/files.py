"""Reads the files that are or may be routing tables, each of them once."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, ClassVar

from rim_router.config.document import shown_path
from rim_router.errors import LocationError
from rim_router.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME = "index-routing.toml"
PYPROJECT = "pyproject.toml"
PINS_NAME = "pylock.external.toml"
ROUTES_VARIABLE = "RIM_ROUTER_ROUTES"


class LayerFile(Record):
    """A table that is in force: a file, or what stands for one.

    :param layer: one of :data:`rim_router.rules.source.LAYERS`.
    :param path: absolute. What is no file of a user's has one all the same: relative paths in it are relative
        to the directory of this.
    :param embedded: whether the table is ``[tool.rim-router]`` of a ``pyproject.toml``.
    :param content: what was read when the file was found and judged. It is never read a second time:
        in between somebody could put another file in its place.
    :param name: what it is called wherever a file would be named, without any secret; None for a file.
    """

    layer: str
    path: Path
    embedded: bool
    content: bytes
    name: str | None = None
    _uncompared: ClassVar[tuple[str, ...]] = ("content",)

    @property
    def shown(self) -> str:
        """As messages name it: a file by its path, ``./relative`` below the working directory."""
        return shown_path(self.path) if self.name is None else self.name

    @property
    def place(self) -> str:
        """As messages name it that are read elsewhere: a file by its absolute path."""
        return str(self.path) if self.name is None else self.name

    @property
    def is_fetched(self) -> bool:
        """Whether it comes from a server, and the path is that of a copy."""
        return self.layer == "central" and not (self.name or "").startswith("rim+file:")

    @property
    def pins(self) -> Path | None:
        """Where its pins may lie: next to it; None if it is no file of a user's."""
        return None if self.layer in ("central", "command") else self.path.with_name(PINS_NAME)


def command_layer(text: str, directory: Path) -> LayerFile:
    """The routes of one command.

    :param text: the value of :data:`ROUTES_VARIABLE`.
    :param directory: what relative paths in it are relative to.
    """
    content = text.encode("utf-8", "surrogateescape")
    return LayerFile("command", directory / ROUTES_VARIABLE, False, content, ROUTES_VARIABLE)


def add(files: list[LayerFile], layer: str, path: Path) -> None:
    """Add a file, if it exists and is not among them yet."""
    found = read_file(path)
    if found is not None and not listed(files, path):
        files.append(LayerFile(layer, path.absolute(), False, found[0]))


def listed(files: Iterable[LayerFile], path: Path) -> bool:
    """Whether a file is among some others."""
    real = os.path.realpath(path)
    return any(os.path.realpath(file.path) == real for file in files)


def read_file(path: Path) -> tuple[bytes, os.stat_result] | None:
    """What is in a file, and the status of the very file that was read; None if there is none.

    :raises LocationError: if it cannot be read, or is something else than a file.
    """
    try:
        # Never wait for the other end of a pipe that somebody has put there.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        if path.name == FILE_NAME and path.is_symlink():
            raise LocationError(
                f"{shown_path(path)} is a link to a file that does not exist",
                hint="remove it or restore the file",
            ) from None
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode) and path.name == PYPROJECT:
            return None  # other tools do not mind either, and no table can be in it
        if not stat.S_ISREG(status.st_mode):
            what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise LocationError(
                f"{shown_path(path)} is {what}, where a routing table could be", hint="move it away"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(), status
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError) -> LocationError:
    return LocationError(
        f"{shown_path(path)} cannot be read ({error.strerror}): it may be a routing table that is in force",
        hint="make it readable for this user",
    )


def open_layer(layer: str, path: Path, embedded: bool) -> LayerFile | None:
    """A file that has been chosen already; None if it does not exist."""
    found = read_file(path)
    return None if found is None else LayerFile(layer, path, embedded, found[0])
