"""What a wheel's file name says, and the ``.rim``'s that differs only in its suffix (PEP 759)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rim_router.libraries import library
from rim_router.rim.faults import quoted
from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX, normalise

# No file system that a wheel is installed from has longer names, and tags multiply: a.b.c-d.e.f-g.h.i is 27.
_LONGEST = 255
# The project name, version and tags of the wheel specification; packaging also lets other scripts through.
_CHARACTERS = re.compile(r"[A-Za-z0-9._+!-]+")


@dataclass(frozen=True)
class WheelName:
    """The parts of a wheel's file name (wheel specification, file name convention).

    :param filename: with ``.whl``.
    :param project: normalised.
    :param version: normalised (PEP 440).
    :param build: the build tag as written; empty for none.
    :param tags: each of the tags that the compressed tag set stands for, sorted.
    """

    filename: str
    project: str
    version: str
    build: str
    tags: tuple[str, ...]

    @property
    def rim(self) -> str:
        """The name of the ``.rim`` that stands for it."""
        return self.filename[: -len(WHEEL_SUFFIX)] + RIM_SUFFIX

    @classmethod
    def parse(cls, filename: str, suffix: str = WHEEL_SUFFIX) -> WheelName:
        """Read a file name.

        :param suffix: ``.whl`` or ``.rim``, exactly so.
        :raises ValueError: with what is wrong, as a sentence without its subject.
        """
        if not filename.endswith(suffix):
            raise ValueError(f"has a name that does not end in {suffix}")
        if len(filename) > _LONGEST:
            raise ValueError(f"has a name of more than {_LONGEST} characters")
        stem = filename[: -len(suffix)]
        if not _CHARACTERS.fullmatch(stem):
            raise ValueError("has a name with characters that wheel names cannot have")
        wheel = stem + WHEEL_SUFFIX
        try:
            _, version, _, tags = library("packaging.utils").parse_wheel_filename(wheel)
        except ValueError:  # both its own error and that of versions
            raise ValueError(
                f"has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM{suffix}"
            ) from None
        parts = stem.split("-")
        build = parts[2] if len(parts) == 6 else ""
        return cls(wheel, normalise(parts[0]), str(version), build, tuple(sorted(map(str, tags))))


def same_version(one: str, other: str) -> bool:
    """Whether two versions are equal as PEP 440 compares them.

    :raises ValueError: if one of them is no version.
    """
    if max(len(one), len(other)) > _LONGEST:
        raise ValueError(
            f"a version of more than {_LONGEST} characters"
        )  # older Pythons take long to read it
    parse = library("packaging.version").Version
    return bool(parse(one) == parse(other))


def dist_info_of(paths: list[str], name: WheelName | None, faults: list[str]) -> str | None:
    """The one top-level ``.dist-info`` directory that some paths are in.

    :param name: what the directory's name must agree with; None for a file whose name is itself a fault.
    :param faults: receives why there is none, or why it is not the right one.
    :returns: its name without a slash; also that of a wrong one, so that what is in it can be judged too.
    """
    tops = dict.fromkeys(path.partition("/")[0] for path in paths if "/" in path)
    found = [top for top in tops if top.endswith(".dist-info")]
    if not found:
        faults.append("has no NAME-VERSION.dist-info directory")
        return None
    if len(found) > 1:
        faults.append(f"has {len(found):,} .dist-info directories: {', '.join(map(quoted, found[:5]))}")
        return None
    project, _, version = found[0][: -len(".dist-info")].partition("-")
    if name is not None:
        try:
            agrees = normalise(project) == name.project and same_version(version, name.version)
        except ValueError:
            agrees = False
        if not agrees:
            expected = f"{name.project} {name.version}"
            faults.append(f"{quoted(found[0])} does not agree with the file name: {expected}")
    return found[0]
