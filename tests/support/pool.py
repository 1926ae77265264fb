"""Lends environments to one test after the other, each as if it were new.

To make one costs as much as half a run of pip; to look whether one is as it was costs next to nothing.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.environments import Environment, Workshop
    from tests.support.matrix import Pair

Kind = Literal["equipped", "plain", "inert twin"]


class Facts(NamedTuple):
    """What changes when anything is done to a file; of a directory only the mode is kept.

    :param changed: in ns; 0 for a file that has other links, because it changes with these as well.
    """

    mode: int
    inode: int = 0
    size: int = 0
    modified: int = 0
    changed: int = 0


def _walk(directory: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)


def _facts(entry: os.DirEntry[str]) -> Facts:
    status = entry.stat(follow_symlinks=False)
    if entry.is_dir(follow_symlinks=False):
        return Facts(status.st_mode)
    changed = status.st_ctime_ns if status.st_nlink == 1 else 0
    return Facts(status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, changed)


def snapshot(directory: Path) -> dict[str, Facts]:
    """Everything below a directory, by path."""
    return {entry.path: _facts(entry) for entry in _walk(str(directory))}


class WrittenInPlace(Exception):
    """A test wrote into files that other environments share, and must unlink them first."""


@dataclass
class _Kept:
    """An environment, and everything in it when it was new."""

    environment: Environment
    new: dict[str, Facts]

    def tidy(self) -> bool:
        """Take away what is not its own; returns False if of its own anything is gone or changed.

        :raises WrittenInPlace: now its template, and whatever was made of that, is changed too.
        """
        now = snapshot(self.environment.prefix)
        changed = [path for path, facts in self.new.items() if now.get(path) != facts]
        shared = [path for path in changed if path in now and self._is_shared(self.new[path], now[path])]
        if shared:
            raise WrittenInPlace(", ".join(shared))
        if changed:
            return False
        # A directory before what is in it.
        for added in map(Path, sorted(now.keys() - self.new.keys())):
            if added.is_dir() and not added.is_symlink():
                shutil.rmtree(added)
            else:
                added.unlink(missing_ok=True)
        return True

    @staticmethod
    def _is_shared(then: Facts, now: Facts) -> bool:
        return then.inode == now.inode != 0 and then.changed == 0


class Pool:
    """Environments of one process.

    :param place: a directory for them.
    """

    def __init__(self, workshop: Workshop, place: Path) -> None:
        self._workshop = workshop
        self._place = place
        self._made = 0
        self._idle: dict[tuple[Pair, Kind], list[_Kept]] = {}
        self._lent: dict[Path, tuple[list[_Kept], _Kept]] = {}

    def lend(self, pair: Pair, kind: Kind, place: Path) -> Environment:
        """An environment as it is when it is new, with a home and a project of its own.

        :param place: a directory for the home and the project.
        """
        idle = self._idle.setdefault((pair, kind), [])
        kept = idle.pop() if idle else self._new(pair, kind)
        self._lent[kept.environment.prefix] = idle, kept
        return replace(kept.environment, place=place, extra_environ={})

    def _new(self, pair: Pair, kind: Kind) -> _Kept:
        self._made += 1
        place = self._place / str(self._made)
        if kind == "inert twin":
            environment = self._workshop.make_inert_twin(pair, place)
        else:
            environment = self._workshop.make(pair, place, equipped=kind == "equipped")
        return _Kept(environment, snapshot(environment.prefix))

    def take_back(self, environment: Environment) -> None:
        """Keep an environment for the next test, or throw it away if this one has changed what is in it.

        :raises WrittenInPlace: if what it has changed is not its own.
        """
        idle, kept = self._lent.pop(environment.prefix)
        fit = False
        try:
            fit = kept.tidy()
        finally:
            if fit:
                idle.append(kept)
            else:
                shutil.rmtree(environment.prefix, ignore_errors=True)
