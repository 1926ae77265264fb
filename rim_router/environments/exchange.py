"""Writes and removes files, all of them or none: what was there is put back if anything fails."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_NEW = ".rim-router-new"


class Exchange:
    """A change to files that vanishes unless the ``with`` block ends well.

    A file that is there is replaced and never written into: package managers link files of many
    environments to one. There is no moment without it.
    """

    def __init__(self) -> None:
        self._before: dict[Path, bytes | None] = {}
        self._made: list[Path] = []
        self._emptied: list[Path] = []

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._undo()

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, and the directories that it needs.

        :raises OSError: if that cannot be done.
        """
        # Noted before they are made: an interrupt between the two must not leave anything behind.
        self._make_parents(path.parent)
        there = self._note(path)
        if there is None:
            path.write_bytes(content)
        elif there != content:
            _replace(path, content)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there, with what Python has compiled of it.

        :raises OSError: if that cannot be done.
        """
        if path.suffix == ".py":
            for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                compiled.unlink()  # made again when it is needed
        if self._note(path) is not None:
            path.unlink()
            self._emptied.append(path.parent)

    def tidy(self, top: Path) -> None:
        """Remove the directories below this one that the removals have left empty."""
        for directory in self._emptied:
            for each in (directory / "__pycache__", directory, *directory.parents):
                if top not in each.parents:
                    continue
                with contextlib.suppress(OSError):  # there is something in it
                    each.rmdir()

    def _note(self, path: Path) -> bytes | None:
        """What a file has now."""
        try:
            now: bytes | None = path.read_bytes()
        except FileNotFoundError:
            now = None
        self._before.setdefault(path, now)
        return now

    def _make_parents(self, directory: Path) -> None:
        missing = []
        while not directory.exists():
            missing.append(directory)
            directory = directory.parent
        for path in reversed(missing):
            self._made.append(path)
            path.mkdir()

    def _undo(self) -> None:
        for path, content in self._before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, content)
        for directory in reversed(self._made):
            with contextlib.suppress(OSError):  # never made, or somebody else has put something there
                _without_compiled(directory).rmdir()


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + _NEW)
    try:
        new.write_bytes(content)
        if path.exists():
            new.chmod(path.stat().st_mode)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _without_compiled(directory: Path) -> Path:
    """A directory that was made here, without what Python has compiled in it since."""
    cache = directory / "__pycache__"
    for compiled in cache.glob("*.pyc"):
        compiled.unlink()
    with contextlib.suppress(OSError):
        cache.rmdir()
    return directory
