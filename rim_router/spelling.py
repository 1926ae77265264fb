"""How a command of rim-router is typed here: an environment that was equipped has no script of it."""

from __future__ import annotations

import os
import re
import shlex
import sys
import sysconfig
from functools import cache
from pathlib import Path

_IS_WINDOWS = os.name == "nt"
_SCRIPT = "rim-router.exe" if _IS_WINDOWS else "rim-router"
_COMMAND = (
    r"(?<![\w./=-])rim-router (?=(?:audit|check|doctor|equip|explain|export|guard|init|pin|rim|routes)\b)"
)


def spelt(text: str) -> str:
    """A text whose commands can be typed as they stand."""
    if "rim-router " not in text or _has_script():
        return text
    python = sys.executable or "python"
    return re.sub(_COMMAND, lambda _: f"{_quoted(python)} -m rim_router ", text)


def _quoted(path: str) -> str:
    """A program as the shell takes it: PowerShell runs what is in quotes only after an ``&``."""
    if not _IS_WINDOWS:
        return shlex.quote(path)
    return path if re.fullmatch(r"[\w@%+=:,./\\-]+", path) else f'& "{path}"'


@cache
def _has_script() -> bool:
    places = [sysconfig.get_path("scripts"), str(Path(sys.executable or "").parent)]
    if sys.prefix == sys.base_prefix:  # in a virtual environment, that of the user is not its own
        places.append(sysconfig.get_path("scripts", f"{os.name}_user"))
    return any((Path(place) / _SCRIPT).exists() for place in places)
