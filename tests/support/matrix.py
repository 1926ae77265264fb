"""Which Pythons are here, and which pairs of Python and pip the tests run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Version = tuple[int, ...]

PYTHONS: tuple[Version, ...] = ((3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15))
NEWEST = "newest"

# The first and the last Python on which each pip works; None is no limit known yet.
PIPS: dict[str, tuple[Version, Version | None]] = {
    "22.2.2": ((3, 7), (3, 11)),
    "23.0.1": ((3, 7), (3, 11)),
    "23.3.2": ((3, 7), (3, 12)),
    "24.0": ((3, 7), (3, 12)),
    "24.3.1": ((3, 8), (3, 13)),
    "25.0.1": ((3, 8), (3, 13)),
    "25.3": ((3, 9), (3, 14)),
    "26.0.1": ((3, 9), (3, 14)),
    "26.1.2": ((3, 10), (3, 14)),
    "26.2.1": ((3, 10), (3, 14)),
    NEWEST: ((3, 10), None),
}


@dataclass(frozen=True)
class Pair:
    """A Python and a pip.

    :param interpreter: the executable.
    :param pip: a version, or :data:`NEWEST`.
    """

    python: Version
    interpreter: str
    pip: str

    def __str__(self) -> str:
        return f"py{self.python[0]}.{self.python[1]}-pip{self.pip}"


@dataclass
class Matrix:
    """The pairs to run on.

    :param ends: the oldest and the newest pip.
    :param missing: the Pythons that are not here, so that no pair has them.
    """

    name: str
    pairs: list[Pair]
    ends: list[Pair]
    missing: list[Version] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.name}: " + ", ".join(map(str, self.pairs))
        if self.missing:
            text += "; not here, so not run: " + ", ".join(f"Python {a}.{b}" for a, b in self.missing)
        return text


def _candidates(version: Version) -> Iterable[str]:
    name = f"python{version[0]}.{version[1]}"
    if sys.version_info[:2] == version:
        yield sys.executable
    yield from map(
        str, sorted(Path.home().glob(f".pyenv/versions/{version[0]}.{version[1]}.*/bin/{name}"), reverse=True)
    )
    on_path = shutil.which(name)
    if on_path is not None:
        yield on_path


def _works(interpreter: str, version: Version) -> bool:
    # A shim of a version manager is on PATH without being able to run, and Debian's Python may lack venv.
    probe = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [interpreter, "-c", probe], capture_output=True, text=True, timeout=60, env=environ, check=False
        )
    except OSError:
        return False
    return done.stdout.split() == list(map(str, version))


def find_pythons(versions: Iterable[Version] = PYTHONS) -> dict[Version, str]:
    """A working interpreter for each version that is here; the running one is always among them."""
    running = sys.version_info[:2]
    found = {}
    for version in sorted({*versions, running}):
        interpreter = next((each for each in _candidates(version) if _works(each, version)), None)
        if interpreter is not None:
            found[version] = interpreter
    return found


def supported(pip: str, python: Version) -> bool:
    """Whether this pip works on this Python."""
    first, last = PIPS[pip]
    return first <= python and (last is None or python <= last)


def choose(name: str, pythons: Mapping[Version, str]) -> Matrix:
    """The pairs for ``newest``, ``ends``, ``pythons``, ``each`` (each pip, each Python once) or ``full``."""
    everything = [
        Pair(python, pythons[python], pip)
        for pip in PIPS
        for python in sorted(pythons)
        if supported(pip, python)
    ]
    # The oldest pip with the oldest Python, the newest with the newest: they are the furthest apart.
    ends = [everything[0], everything[-1]]
    if ends[0] == ends[1]:
        ends.pop()
    missing = [version for version in PYTHONS if version not in pythons]
    if name == "newest":
        return Matrix(name, ends[-1:], ends[-1:], missing)
    if name == "ends":
        return Matrix(name, ends, ends, missing)
    if name == "pythons":
        newest = [pair for pair in everything if pair.pip == NEWEST]
        return Matrix(name, newest, newest, missing)
    if name == "full":
        return Matrix(name, everything, everything, missing)
    chosen = list(ends)
    for pip in PIPS:
        if not any(pair.pip == pip for pair in chosen):
            options = [pair for pair in everything if pair.pip == pip]
            uses = {pair: sum(each.python == pair.python for each in chosen) for pair in options}
            chosen += sorted(options, key=lambda pair: (uses[pair], pair.python))[:1]
    for python in pythons:
        if not any(pair.python == python for pair in chosen):
            chosen += [pair for pair in everything if pair.python == python][-1:]
    return Matrix(name, [pair for pair in everything if pair in chosen], ends, missing)


def release(version: str) -> tuple[int, ...]:
    """A version's numbers, for comparing."""
    return tuple(int(number) for number in re.findall(r"\d+", version))
