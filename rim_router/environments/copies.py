"""Finds copies of pip by other names, as other projects have them in their packages: they are not routed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.environments.startup import site_directories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What every pip since 19.3 has, and the gate goes by.
_MARK = "_internal/network/session.py"
_DEPTH = 4  # packages; pipenv's is the third


def copies() -> Iterator[tuple[str, Path]]:
    """The name and the directory of each copy in the site-packages of this environment."""
    for directory in site_directories():
        for depth in range(1, _DEPTH + 1):
            for found in sorted(directory.glob("/".join(["*"] * depth + [_MARK]))):
                package = found.parents[2]
                name = ".".join(package.relative_to(directory).parts)
                if name != "pip" and (package / "_vendor").is_dir():
                    yield name, package
