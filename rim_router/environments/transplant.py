"""Copies installed distributions, this plugin above all, into another environment without any index."""

from __future__ import annotations

import csv
import sysconfig
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import _rim_router
import rim_router
from rim_router.environments.exchange import Exchange
from rim_router.environments.startup import OWN, site_directories
from rim_router.errors import RimRouterError
from rim_router.libraries import library
from rim_router.rules.digests import recorded
from rim_router.rules.provenance import DIRECT_URL, STANDARD
from rim_router.rules.provenance import OWN as PROVENANCE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from importlib.metadata import Distribution

# The first Python that the plugin works on and the first that it no longer does: that one ignores the line
# in its start-up file, so that a copy there would be asleep. A test compares this to its metadata.
PYTHONS = ((3, 9), (3, 18))


class Need(NamedTuple):
    """What the plugin needs of another project.

    :param versions: which of it will do, as a version specifier.
    :param until: the first Python that no longer needs it; None if every one does.
    """

    versions: str
    until: tuple[int, int] | None = None


# A test compares this to its metadata.
DEPENDENCIES: Mapping[str, Need] = {
    "certifi": Need(">=2023.7.22"),
    "packaging": Need(">=23.1"),
    "platformdirs": Need(">=3.5"),
    "tomli": Need(">=2.0.1", until=(3, 11)),
}

# These are about how a distribution came to the environment that it is copied from.
_LEFT_BEHIND = ("RECORD", "INSTALLER", "REQUESTED", DIRECT_URL, STANDARD, PROVENANCE)

# Compiled parts of a package, which are for one kind of interpreter.
_COMPILED = (".so", ".pyd")

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


def needed(python: tuple[int, int]) -> dict[str, Need]:
    """What the plugin needs on a version of Python."""
    return {name: need for name, need in DEPENDENCIES.items() if need.until is None or python < need.until}


def plugin(
    python: tuple[int, int], *, suffix: str | None = None, without: Container[str] = ()
) -> tuple[Payload, ...]:
    """This very plugin and what it needs.

    :param python: the version of Python that it is for.
    :param suffix: of the compiled modules of that Python; None if it is this one.
    :param without: what is there already.
    :raises TransplantError: if it would not work there, or something that it needs is not here.
    """
    oldest, end = PYTHONS
    if not oldest <= python < end:
        raise TransplantError(
            f"rim-router does not work on Python {python[0]}.{python[1]}",
            hint=f"use Python {oldest[0]}.{oldest[1]} to {end[0]}.{end[1] - 1}, or a newer rim-router",
        )
    others = [_fitting(name, python, suffix) for name in needed(python) if name not in without]
    return (_own(), *others)


def installed(name: str) -> Payload:
    """A distribution of this environment whose package has its own name.

    Only what lies in site-packages is copied: scripts are bound to the interpreter they were made for.

    :raises TransplantError: if it is not here.
    """
    found = _found(name)
    if found is None:
        raise TransplantError(
            f"{name} is not installed in this environment, so it cannot be copied",
            hint=f"install it: python -m pip install {name}",
        )
    files = _recorded(found)
    if f"{name}/__init__.py" not in files:
        # Editable, or put there by a system's package manager, which keeps no RECORD.
        files = {**_package(name), **_metadata(found, name, found.version)}
    return _payload(name, found.version, files)


def write(payloads: Iterable[Payload], site_packages: Path) -> list[Path]:
    """Write distributions with their RECORDs; all of them, or on any failure nothing.

    :returns: the files written.
    :raises TransplantError: if a file cannot be written, or is there already.
    """
    with Exchange() as exchange:
        return exchange_for(exchange, payloads, site_packages)


def exchange_for(
    exchange: Exchange,
    payloads: Iterable[Payload],
    site_packages: Path,
    replaced: Container[str] = (),
    kept: Mapping[str, Iterable[str]] | None = None,
) -> list[Path]:
    """Write distributions with their RECORDs as a part of a change.

    :param replaced: the paths, relative to site-packages, of files that may be there.
    :param kept: further lines of the RECORD of a distribution, by its name.
    :returns: the files written.
    :raises TransplantError: if a file cannot be written, or is there already.
    """
    files: dict[Path, bytes] = {}
    for payload in payloads:
        record = _record(payload, (kept or {}).get(payload.name, ()))
        for name, content in {**payload.files, **record}.items():
            path = site_packages / name
            if name not in replaced and (path.exists() or path.is_symlink()):
                raise TransplantError(f"{path} already exists", hint="uninstall what is there first")
            files[path] = content
    try:
        for path, content in files.items():
            exchange.write(path, content)
    except OSError as error:
        place = error.filename or site_packages
        raise TransplantError(f"{place} cannot be written: {error.strerror}") from error
    return list(files)


def record_of(found: Distribution) -> Iterator[tuple[str, str]]:
    """The path and the digest of each line of a RECORD, as it has them; none without one.

    RECORD itself is read: from 3.13 on Python's own list leaves out files that are missing.
    """
    for line in csv.reader((found.read_text("RECORD") or "").splitlines()):
        if line:
            yield line[0], line[1] if len(line) > 1 else ""


def _found(name: str) -> Distribution | None:
    """A distribution of this environment.

    It is looked for as it was at start-up: a directory of its name below the working directory is none.
    """
    # By path alone: the finder of a zipapp (virtualenv's, for one) has its own for the same names.
    context = DistributionFinder.Context(name=name, path=_places())
    return next(iter(MetadataPathFinder.find_distributions(context)), None)


def _places() -> list[str]:
    own = str(Path(rim_router.__file__).parents[1])
    return list(dict.fromkeys([own, *_rim_router.search_path, *map(str, site_directories())]))


def _fitting(name: str, python: tuple[int, int], suffix: str | None) -> Payload:
    """A distribution that works on a version of Python; without its compiled parts if they do not.

    :raises TransplantError: if it says that it does not work there.
    """
    payload = installed(name)
    asked = _asked_python(name)
    version = ".".join(map(str, python))
    if asked and not library("packaging.specifiers").SpecifierSet(asked).contains(f"{version}.99"):
        raise TransplantError(
            f"{name} {payload.version}, which is installed here, does not work on Python {version} "
            f"(it needs {asked})",
            hint=f"use a Python {version} that has rim-router for that, or install an older {name} here",
        )
    if suffix in (None, sysconfig.get_config_var("EXT_SUFFIX")):
        return payload
    files = {path: data for path, data in payload.files.items() if not path.endswith(_COMPILED)}
    return Payload(name, payload.version, payload.dist_info, files)


def _asked_python(name: str) -> str | None:
    """The ``Requires-Python`` of a distribution of this environment."""
    found = _found(name)
    return None if found is None else found.metadata["Requires-Python"]


def _own() -> Payload:
    """The plugin: the files of its RECORD, or for an editable install those that were imported.

    :raises TransplantError: if they are not those that were installed.
    """
    version = rim_router.__version__
    found = _found("rim-router")
    recorded = _recorded(found, strictly=True) if found is not None and found.version == version else {}
    if "rim_router/__init__.py" not in recorded:
        # An editable install also records how it is found, which stays behind.
        prefix = f"rim_router-{version}.dist-info/"
        metadata = {name: content for name, content in recorded.items() if name.startswith(prefix)}
        recorded = {**_imported(), **_metadata(None, "rim-router", version), **metadata}
    return _payload("rim-router", version, recorded)


def _imported() -> dict[str, bytes]:
    package = Path(rim_router.__file__).parent
    files = {
        **_files_in("rim_router", package),
        **_files_in("_rim_router", Path(_rim_router.__file__).parent),
    }
    # Next to the package is the root of the source tree.
    try:
        files[OWN] = (package.parent / OWN).read_bytes()
    except OSError as error:
        raise _incomplete(f"{error.filename} cannot be read ({error.strerror})") from None
    return files


def _incomplete(why: str) -> TransplantError:
    return TransplantError(
        f"{why}: this rim-router is not complete",
        hint="reinstall it: python -m pip install --force-reinstall rim-router",
    )


def _payload(name: str, version: str, files: Mapping[str, bytes]) -> Payload:
    dist_info = next(path.partition("/")[0] for path in files if path.endswith(".dist-info/METADATA"))
    return Payload(name, version, dist_info, {**files, f"{dist_info}/INSTALLER": b"rim-router\n"})


def _recorded(found: Distribution, *, strictly: bool = False) -> dict[str, bytes]:
    """The files of a distribution that lie in site-packages, as its RECORD has them; empty without one.

    :param strictly: whether they must be what they were when they were installed.
    :raises TransplantError: if one is missing.
    """
    files = {}
    for name, digest in record_of(found):
        path = Path(name)
        if ".." in path.parts or "__pycache__" in path.parts or path.is_absolute():
            continue
        if path.parent.name.endswith(".dist-info") and path.name in _LEFT_BEHIND:
            continue
        try:
            content = Path(str(found.locate_file(name))).read_bytes()
        except OSError as error:
            if strictly:
                raise _incomplete(f"{error.filename} cannot be read ({error.strerror})") from None
            raise TransplantError(f"{error.filename} cannot be read: {error.strerror}") from None
        if strictly and digest.startswith("sha256=") and digest != recorded(content):
            raise _incomplete(f"{found.locate_file(name)} was changed after it was installed")
        files[path.as_posix()] = content
    return files


def _package(name: str) -> dict[str, bytes]:
    """The files of a package, from where it would have been imported at start-up."""
    spec = PathFinder.find_spec(name, _places())
    if spec is None or not spec.submodule_search_locations:
        raise TransplantError(f"the package {name} cannot be found in this environment")
    return _files_in(name, Path(next(iter(spec.submodule_search_locations))))


def _files_in(name: str, directory: Path) -> dict[str, bytes]:
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


def _record(payload: Payload, kept: Iterable[str] = ()) -> dict[str, bytes]:
    path = f"{payload.dist_info}/RECORD"
    lines = []
    for name, content in payload.files.items():
        quoted = f'"{name}"' if "," in name else name
        lines.append(f"{quoted},{recorded(content)},{len(content)}\n")
    lines += [f"{line}\n" for line in kept]
    return {path: "".join([*lines, f"{path},,\n"]).encode()}
