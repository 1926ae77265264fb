"""What no wheel may bring: a routing table, which would be in force from then on."""

from __future__ import annotations

import posixpath
import zipfile
from typing import TYPE_CHECKING, Any

from rim_router.config.files import FILE_NAME, PINS_NAME
from rim_router.errors import RefusedFileError
from rim_router.names import WHEEL_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rim_router.hooks.services import Services

_FILES = (FILE_NAME, PINS_NAME)


def tables_in(entries: Iterable[str]) -> list[str]:
    """The entries of a wheel that pip would install as a table, or as pins, at the root of some place.

    What lies in ``NAME.data/data`` goes to the root of the environment, and all else to site-packages, which
    ``--target`` can make any directory. No honest wheel has such files there.
    """
    return [entry for entry in entries if _path_in_its_scheme(entry) in _FILES]


def _path_in_its_scheme(entry: str) -> str:
    """Where an entry goes, below the root of its scheme, as pip reads it; in lower case."""
    written = entry.replace("\\", "/")
    path = posixpath.normpath(written).lower()
    if written.partition("/")[0].lower().endswith(".data"):
        return path.split("/", 2)[-1]
    return path


class Installation:
    """The replacement of pip's function that installs one distribution."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def install(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``InstallRequirement.install``: nobody who can publish a wheel may route this environment."""

        def install(req: Any, *args: Any, **kwargs: Any) -> Any:
            path = req.local_file_path
            if path is not None and path.endswith(WHEEL_SUFFIX):
                with zipfile.ZipFile(path) as archive:
                    tables = tables_in(archive.namelist())
                if tables:
                    raise self._services.refusal(
                        RefusedFileError(
                            f"{req.name} would install a routing table into this environment",
                            notes=[f"its wheel has {', '.join(tables)}"],
                            hint="whoever made it would say where other projects come from",
                        )
                    )
            return original(req, *args, **kwargs)

        return install
