"""Copies installed distributions, this plugin above all, into another environment without any index."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import rim_router
from rim_router.environments.startup import OWN
from rim_router.errors import RimRouterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import Distribution

# The first Python that the plugin works on and the first that it no longer does: that one ignores the line
# in its start-up file, so that a copy there would be asleep. A test compares this to its metadata.
PYTHONS = ((3, 9), (3, 18))

# What the plugin needs, with the first Python that no longer needs it; a test compares this to its metadata.
DEPENDENCIES: Mapping[str, tuple[int, int] | None] = {
    "certifi": None,
    "packaging": None,
    "platformdirs": None,
    "tomli": (3, 11),
}

# These are about how a distribution came to the environment that it is copied from.
_LEFT_BEHIND = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json")

_MINIMAL = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: rim-router\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class TransplantError(RimRouterError):
    """A distribution cannot be copied, or its place is taken."""

    reference = "transplant-failed"


@dataclass(frozen=True)
class Payload:
    """A distribution to be written.

    :param dist_info: the name of its ``.dist-info`` directory.
    :param files: content by path relative to site-packages, with slashes; without its RECORD.
    """

    name: str
    version: str
    dist_info: str
    files: Mapping[str, bytes]


def plugin(python: tuple[int, int]) -> tuple[Payload, ...]:
    """This very plugin and what it needs.

    :param python: the version of Python that it is for.
    :raises TransplantError: if it would not work there, or something that it needs is not here.
    """
    oldest, end = PYTHONS
    if not oldest <= python < end:
        raise TransplantError(
            f"rim-router does not work on Python {python[0]}.{python[1]}",
            hint=f"use Python {oldest[0]}.{oldest[1]} to {end[0]}.{end[1] - 1}, or a newer rim-router",
        )
    needed = [name for name, until in DEPENDENCIES.items() if until is None or python < until]
    return (_own(), *(installed(name) for name in needed))


def installed(name: str) -> Payload:
    """A distribution of this environment whose package has its own name.

    Only what lies in site-packages is copied: scripts are bound to the interpreter they were made for.

    :raises TransplantError: if it is not here.
    """
    try:
        found = distribution(name)
        version = found.version
    except PackageNotFoundError:
        raise TransplantError(
            f"{name} is not installed in this environment, so it cannot be copied",
            hint=f"install it: python -m pip install {name}",
        ) from None
    files = _recorded(found)
    if f"{name}/__init__.py" not in files:
        # Editable, or put there by a system's package manager, which keeps no RECORD.
        files = {**_package(name), **_metadata(found, name, version)}
    return _payload(name, version, files)


def write(payloads: Iterable[Payload], site_packages: Path) -> list[Path]:
    """Write distributions with their RECORDs; all of them, or on any failure nothing.

    :returns: the files written.
    :raises TransplantError: if a file cannot be written, or is there already.
    """
    files = {
        site_packages / name: content
        for payload in payloads
        for name, content in {**payload.files, **_record(payload)}.items()
    }
    taken = next((path for path in files if path.exists()), None)
    if taken is not None:
        raise TransplantError(f"{taken} already exists", hint="uninstall what is there first")
    # Noted before they are made: an interrupt between the two must not leave anything behind.
    written: list[Path] = []
    made: list[Path] = []
    try:
        for path, content in files.items():
            _make_parents(path.parent, made)
            written.append(path)
            path.write_bytes(content)
    except OSError as error:
        _undo(written, made)
        place = error.filename or site_packages
        raise TransplantError(f"{place} cannot be written: {error.strerror}") from error
    except BaseException:
        _undo(written, made)
        raise
    return written


def _own() -> Payload:
    """The plugin, from where it was imported: the same for an ordinary and for an editable install."""
    package = Path(rim_router.__file__).parent
    version = rim_router.__version__
    files = {**_package("rim_router"), **_package("_rim_router")}
    # Next to the package is site-packages, or the root of the source tree: both have it.
    try:
        files[OWN] = (package.parent / OWN).read_bytes()
    except OSError as error:
        raise TransplantError(
            f"{error.filename} cannot be read ({error.strerror}): this rim-router is not complete",
            hint="reinstall it: python -m pip install --force-reinstall rim-router",
        ) from None
    try:
        found = distribution("rim-router")
        recorded = _recorded(found) if found.version == version else {}
    except PackageNotFoundError:
        recorded = {}
    # The rest is the metadata; an editable install also records how it is found, which stays behind.
    prefix = f"rim_router-{version}.dist-info/"
    metadata = {name: content for name, content in recorded.items() if name.startswith(prefix)}
    return _payload("rim-router", version, {**files, **_metadata(None, "rim-router", version), **metadata})


def _payload(name: str, version: str, files: Mapping[str, bytes]) -> Payload:
    dist_info = next(path.partition("/")[0] for path in files if path.endswith(".dist-info/METADATA"))
    return Payload(name, version, dist_info, {**files, f"{dist_info}/INSTALLER": b"rim-router\n"})


def _recorded(found: Distribution) -> dict[str, bytes]:
    """The files of a distribution that lie in site-packages, as its RECORD has them; empty without one."""
    if found.read_text("RECORD") is None:
        return {}
    files = {}
    for path in found.files or ():
        if ".." in path.parts or "__pycache__" in path.parts or path.is_absolute():
            continue
        if path.parent.name.endswith(".dist-info") and path.name in _LEFT_BEHIND:
            continue
        try:
            files[path.as_posix()] = Path(str(found.locate_file(path))).read_bytes()
        except OSError as error:
            raise TransplantError(f"{error.filename} cannot be read: {error.strerror}") from None
    return files


def _package(name: str) -> dict[str, bytes]:
    """The files of a package, from where it would be imported."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise TransplantError(f"the package {name} cannot be found in this environment")
    directory = Path(next(iter(spec.submodule_search_locations)))
    return {
        f"{name}/{path.relative_to(directory).as_posix()}": path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _metadata(found: Distribution | None, name: str, version: str) -> dict[str, bytes]:
    text = None if found is None else found.read_text("METADATA") or found.read_text("PKG-INFO")
    dist_info = f"{name.replace('-', '_')}-{version}.dist-info"
    return {
        f"{dist_info}/METADATA": (text or _MINIMAL.format(name=name, version=version)).encode(),
        f"{dist_info}/WHEEL": _WHEEL.encode(),
    }


def _record(payload: Payload) -> dict[str, bytes]:
    path = f"{payload.dist_info}/RECORD"
    lines = []
    for name, content in payload.files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        quoted = f'"{name}"' if "," in name else name
        lines.append(f"{quoted},sha256={digest},{len(content)}\n")
    return {path: "".join([*lines, f"{path},,\n"]).encode()}


def _make_parents(directory: Path, made: list[Path]) -> None:
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        made.append(path)
        path.mkdir()


def _undo(written: Iterable[Path], made: Iterable[Path]) -> None:
    """Take away what this call has written, and nothing that was there before."""
    for path in written:
        path.unlink(missing_ok=True)
    for directory in reversed([*made]):
        with contextlib.suppress(OSError):  # never made, or somebody else has put something there
            directory.rmdir()
