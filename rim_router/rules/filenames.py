"""What the file name of a distribution says of its project and version, as far as that can be told. Pure."""

from __future__ import annotations

import re

from rim_router.rules.names import RIM_SUFFIX, SDIST_SUFFIXES, WHEEL_SUFFIX, normalise

WHEELS = (WHEEL_SUFFIX, RIM_SUFFIX)
_ARCHIVES = (*SDIST_SUFFIXES, ".tar", ".egg")
DISTRIBUTIONS = WHEELS + _ARCHIVES


def names_in(filename: str) -> list[str]:
    """The projects that a file name may speak of, as far as that can be told.

    In the name of a source distribution the version begins at a hyphen before a digit: at which one
    cannot always be told (``acme-core-1.0-1.tar.gz``).
    """
    if filename.endswith(WHEELS):
        return [filename.partition("-")[0]]
    stem = next((filename[: -len(suffix)] for suffix in _ARCHIVES if filename.endswith(suffix)), "")
    return [stem[: match.start()] for match in re.finditer(r"(?<=.)-(?=v?\d)", stem)]


def version_of(filename: str, project_name: str) -> str:
    """The version of a project's file as it is written; empty if it cannot be told.

    :param project_name: normalised.
    """
    for name in names_in(filename):
        if normalise(name) == project_name:
            rest = filename[len(name) + 1 :]
            if filename.endswith(WHEELS):
                return rest.partition("-")[0]
            return next(rest[: -len(suffix)] for suffix in _ARCHIVES if rest.endswith(suffix))
    return ""
