"""Finds environments: from what a user names to the interpreters that are meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.environments.target import TargetError
from rim_router.libraries import library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MARK = "pyvenv.cfg"
_INTERPRETERS = (
    ("Scripts/python.exe", "python.exe") if os.name == "nt" else ("bin/python", "bin/python3", "bin/pypy3")
)


def interpreter(path: Path) -> Path:
    """The interpreter that a path means: itself, or that of the environment there.

    Links are not followed: it is by its own path that an interpreter knows its environment.

    :raises TargetError: if there is none.
    """
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links
    if path.is_file():
        return path
    for name in _INTERPRETERS:
        if (path / name).exists():
            return path / name
    if not path.exists():
        raise TargetError(f"{path} does not exist")
    if (path / _MARK).exists():
        raise TargetError(f"{path} has no interpreter that works", hint="make this environment again")
    raise TargetError(
        f"{path} is no environment: it has no {_INTERPRETERS[0]}",
        hint="for the environments below it: --recursive",
    )


def below(directory: Path) -> Iterator[Path]:
    """The virtual environments in a directory and all directories below it, in order; links are not followed.

    :raises TargetError: if it is no directory that can be read.
    """

    def fail(error: OSError) -> None:
        raise TargetError(f"{error.filename} cannot be read: {error.strerror}") from error

    start = os.path.abspath(directory.expanduser())  # noqa: PTH100 - links stay
    if not Path(start).is_dir():
        raise TargetError(f"{start} is no directory")
    for place, directories, files in os.walk(start, onerror=fail):
        if _MARK in files:
            directories.clear()
            yield Path(place)
        directories.sort()


def of_pipx(environ: Mapping[str, str]) -> list[Path]:
    """The directories in which pipx keeps this user's environments, as far as they are there."""
    named = environ.get("PIPX_HOME")
    if named:
        homes = [Path(named).expanduser()]
    else:
        homes = [library("platformdirs").user_data_path("pipx"), Path.home() / ".local" / "pipx"]
        homes += [Path.home() / "pipx"] if os.name == "nt" else []
    shared = environ.get("PIPX_SHARED_LIBS")
    places = [home / name for home in homes for name in ("venvs", "shared", ".cache")]
    places.append(library("platformdirs").user_cache_path("pipx"))  # of `pipx run`
    if shared:
        places.append(Path(shared).expanduser())
    return [place for place in places if place.is_dir()]


def stranger(path: Path) -> int | None:
    """To which other user an environment belongs; None if to this one, or to root.

    Its interpreter has to be run: nobody is to have that done by putting one where others look.
    """
    if os.name == "nt":
        return None  # files have no numeric owners there
    for each in (path, path / _MARK, interpreter(path)):
        owner = each.lstat().st_uid
        if owner not in (os.geteuid(), 0):
            return owner
    return None
