"""Finds the start-up files of this environment: those of rim-router, and those that may patch pip too."""

from __future__ import annotations

import re
import site
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "rim_router.pth"

# What code that changes pip, its requests or its TLS has to name.
_SUSPECTS = re.compile(r"(?<![a-z])(?:pip|truststore|certifi|requests|urllib3|ssl)(?![a-z])", re.IGNORECASE)
_CUSTOMISERS = ("sitecustomize.py", "usercustomize.py")


def own_files() -> list[Path]:
    """The start-up files of rim-router in this environment, absolute."""
    return [file for directory in site_directories() if (file := directory / OWN).is_file()]


def other_patches() -> Iterator[tuple[Path, str]]:
    """Other files that run code in each interpreter and name pip or what it is built on, with that line."""
    for directory in site_directories():
        for pattern in ("*.pth", "*.start"):
            for file in sorted(directory.glob(pattern)):
                if file.name != OWN:
                    yield from _suspicious(file, only_code=file.suffix == ".pth")
    for entry in dict.fromkeys(sys.path):
        for name in _CUSTOMISERS:
            file = Path(entry or ".", name).absolute()
            if file.is_file():
                yield from _suspicious(file, only_code=False)


def _suspicious(file: Path, *, only_code: bool) -> Iterator[tuple[Path, str]]:
    """The first line of a file that names a suspect.

    :param only_code: as ``site`` reads a ``.pth`` file: other lines than those with ``import`` are paths.
    """
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        if only_code and not line.startswith(("import ", "import\t")):
            continue
        if not line.lstrip().startswith("#") and _SUSPECTS.search(line):
            yield file, line.strip()
            return


def site_directories() -> list[Path]:
    """The site-packages directories of this environment, in which start-up files count."""
    found = [*site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    on_path = {str(Path(entry).resolve()) for entry in sys.path if entry}
    # A virtual environment lists directories that its sys.path does not have.
    resolved = [Path(entry).resolve() for entry in found]
    return list(dict.fromkeys(path for path in resolved if str(path) in on_path))
