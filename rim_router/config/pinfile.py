"""Reads the pins of one layer: ``pylock.external.toml``, a lock file as PEP 751 has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rim_router.config.document import Document, fault_at, read_toml, shown_path, shown_text
from rim_router.config.keys import Key, item
from rim_router.errors import TableError
from rim_router.libraries import library
from rim_router.rules.digests import STRONG, valid
from rim_router.rules.names import canonical_filename, normalise
from rim_router.rules.pins import Pin, Pins
from rim_router.rules.urls import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rim_router.errors import Fault

_WHEEL = ".whl"
_LOCK_VERSION = r"1(?:\.[0-9]+)?"
_DIRECT = ("archive", "vcs", "directory")
# Those of the names of wheels and source distributions; packaging also lets other scripts through.
_FILENAME = r"[A-Za-z0-9._+!-]{1,255}"
_NAME = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


def read_pins(layer: str, path: Path, content: bytes) -> tuple[list[Pin], list[Fault]]:
    """The pins of a file, and everything that is wrong with it.

    Keys that PEP 751 has or may come to have, and that say nothing about digests, are not looked at.

    :param layer: which layer the file is of, one of :data:`rim_router.rules.source.LAYERS`.
    :param path: absolute.
    """
    shown = shown_path(path)
    try:
        text, data = read_toml(content, shown)
    except TableError as error:
        return [], list(error.faults)
    document = Document(layer, shown, path.parent, text)
    _check_head(document, data)
    pins: list[Pin] = []
    for position, value in enumerate(_tables(document, ("packages",), data.get("packages", []))):
        if value is not None:
            pins += _read_package(document, ("packages", item(position)), value)
    _, disagreements = merge_pins(pins)
    return pins, [*document.faults, *disagreements]


def filename_of(file: Mapping[str, Any]) -> str:
    """The name of a wheel or sdist of a lock file: as given, or else what is at the end of its URL."""
    return str(file["name"]) if "name" in file else unquote(urlsplit(file["url"]).path.rpartition("/")[2])


def parse_filename(filename: str) -> tuple[str, str]:
    """The project that a file name is of, normalised, and its version.

    :raises ValueError: if it is not the name of a wheel or a source distribution.
    """
    if not re.fullmatch(_FILENAME, filename):
        raise ValueError("characters that such names cannot have")
    utils = library("packaging.utils")
    # packaging's own errors are ValueErrors too.
    parse = utils.parse_wheel_filename if filename.endswith(_WHEEL) else utils.parse_sdist_filename
    name, version = parse(filename)[:2]
    return normalise(name), str(version)


def merge_pins(pins: Iterable[Pin]) -> tuple[Pins, list[Fault]]:
    """The pins of several files together: all of them hold.

    :param pins: those of the lowest layer first.
    :returns: also a fault for each that contradicts one before it, and names both.
    """
    merged: dict[str, Pin] = {}
    faults: list[Fault] = []
    for pin in pins:
        key = canonical_filename(pin.filename)
        other = merged.get(key)
        if other is None:
            merged[key] = pin
            continue
        contradicted = pin.contradiction(other.digests, other.size)
        if contradicted is None:
            size = other.size if pin.size is None else pin.size
            merged[key] = pin.replaced(size=size, digests={**other.digests, **pin.digests})
        else:
            one, two = _value(other, contradicted), _value(pin, contradicted)
            faults.append(
                fault_at(
                    pin.source,
                    f"{contradicted} of {pin.filename} is {two} here, and {one} in {other.source}",
                    "remove the one that is wrong",
                )
            )
    return Pins(merged.values()), faults


def _value(pin: Pin, what: str) -> str:
    return f"{pin.size:,}" if what == "size" else pin.digests[what]


def _check_head(document: Document, data: dict[str, Any]) -> None:
    """What a file must say of itself to be a lock file that this version can read."""
    for name in ("lock-version", "created-by", "packages"):
        if name not in data:
            document.fault((), f"has no {name}, which every lock file has (PEP 751)")
    version = document.string(("lock-version",), data["lock-version"]) if "lock-version" in data else None
    if version is not None and not re.fullmatch(_LOCK_VERSION, version):
        document.fault(
            ("lock-version",), f"{shown_text(version)} is not supported: only 1.0 is", "upgrade rim-router"
        )
    if "created-by" in data:
        document.string(("created-by",), data["created-by"])


def _tables(document: Document, key: Key, value: object) -> list[dict[str, Any] | None]:
    """The items of an array of tables; None for one that is something else."""
    if not isinstance(value, list):
        document.wrong_type(key, "an array of tables", value)
        return []
    return [document.table((*key, item(position)), entry) for position, entry in enumerate(value)]


def _read_package(document: Document, key: Key, package: dict[str, Any]) -> list[Pin]:
    name = _read_name(document, key, package)
    version = _read_version(document, key, package)
    for way in _DIRECT:
        if way in package:
            document.fault(
                (*key, way), "cannot be a pin: only wheels and source distributions can", "remove the package"
            )
    files: list[tuple[Key, dict[str, Any], bool]] = []
    for position, value in enumerate(_tables(document, (*key, "wheels"), package.get("wheels", []))):
        if value is not None:
            files.append(((*key, "wheels", item(position)), value, True))
    if "sdist" in package:
        sdist = document.table((*key, "sdist"), package["sdist"])
        if sdist is not None:
            files.append(((*key, "sdist"), sdist, False))
    if not any(way in package for way in ("wheels", "sdist", *_DIRECT)):
        document.fault(key, "has neither wheels nor an sdist")
    pins = [_read_file(document, place, file, name, version, wheel=wheel) for place, file, wheel in files]
    return [pin for pin in pins if pin is not None]


def _read_name(document: Document, key: Key, package: dict[str, Any]) -> str | None:
    if "name" not in package:
        document.fault(key, "has no name")
        return None
    name = document.string((*key, "name"), package["name"])
    if name is None or (re.fullmatch(_NAME, name) and normalise(name) == name):
        return name
    if not re.fullmatch(_NAME, normalise(name)):
        document.fault((*key, "name"), f"{shown_text(name)} is not the name of a project")
    else:
        document.fault((*key, "name"), f"{shown_text(name)} is not normalised", f'write "{normalise(name)}"')
    return None


def _read_version(document: Document, key: Key, package: dict[str, Any]) -> str | None:
    """The version of a package, for which that of its files stands if it has none."""
    if "version" not in package:
        return None
    text = document.string((*key, "version"), package["version"])
    if text is not None and _version(text) is None:
        document.fault((*key, "version"), f"{shown_text(text)} is not a version (PEP 440)")
        return None
    return text


def _read_file(
    document: Document, key: Key, file: dict[str, Any], name: str | None, version: str | None, *, wheel: bool
) -> Pin | None:
    before = len(document.faults)
    url = _read_url(document, key, file)
    size = file.get("size")
    if size is not None and type(size) is not int:
        document.wrong_type((*key, "size"), "an integer", size)
    elif size is not None and size < 0:
        document.fault((*key, "size"), "cannot be negative")
    digests = _read_hashes(document, key, file)
    filename = None
    if "name" in file:
        filename = document.string((*key, "name"), file["name"])
    elif url is not None:
        filename = filename_of(file)
    if filename is not None:
        version = _check_filename(document, key, filename, name, version, wheel=wheel)
    if len(document.faults) > before or name is None or url is None or filename is None or version is None:
        return None  # a fault of the package itself is noted already
    return Pin(name, version, filename, url, size, digests, document.source(key))


def _read_url(document: Document, key: Key, file: dict[str, Any]) -> str | None:
    if "url" not in file:
        document.fault(key, "has no url", "a pin is for a file that an index links to")
        return None
    place = (*key, "url")
    url = document.string(place, file["url"])
    if url is None:
        return None
    try:
        origin = Origin.of(url)
        credentials = "@" in urlsplit(url).netloc
    except ValueError as error:
        document.fault(place, f"{shown_text(url)} {error}")
        return None
    if origin.scheme not in ("https", "http", "file"):  # a digest makes up for http, in an index of the house
        document.fault(place, f"{shown_text(url)} is neither an https, http nor a file URL")
    elif credentials:
        document.fault(place, f"{shown_text(url)} carries credentials", "remove them")
    else:
        return url
    return None


def _read_hashes(document: Document, key: Key, file: dict[str, Any]) -> dict[str, str]:
    """The strong digests; others are not looked at, for they prove nothing."""
    if "hashes" not in file:
        document.fault(key, "has no hashes", f"add one of {', '.join(STRONG)}")
        return {}
    place = (*key, "hashes")
    hashes = document.table(place, file["hashes"])
    digests: dict[str, str] = {}
    before = len(document.faults)
    for written, value in (hashes or {}).items():
        algorithm = written.lower()
        digest = document.string((*place, written), value)
        if digest is None or algorithm not in STRONG:
            continue
        if valid(algorithm, digest.lower()):
            digests[algorithm] = digest.lower()
        else:
            wanted = f"{STRONG[algorithm]} hexadecimal digits"
            document.fault((*place, written), f"is not a {algorithm} digest, which has {wanted}")
    if hashes is not None and not digests and len(document.faults) == before:
        document.fault(place, "has no strong hash", f"add one of {', '.join(STRONG)}")
    return digests


def _check_filename(
    document: Document, key: Key, filename: str, name: str | None, version: str | None, *, wheel: bool
) -> str | None:
    """The version of a file, if its name is one and agrees with its package."""
    place = (*key, "name")
    try:
        if filename.endswith(_WHEEL) is not wheel:
            raise ValueError("of the other kind")
        found_name, found_version = parse_filename(filename)
    except ValueError:
        what = "wheel" if wheel else "source distribution"
        document.fault(place, f"{shown_text(filename)} is not the file name of a {what}")
        return None
    if name is not None and found_name != name:
        document.fault(place, f"{shown_text(filename)} is a file of {found_name}, not of {name}")
    elif version is not None and _version(found_version) != _version(version):
        document.fault(place, f"{shown_text(filename)} is of version {found_version}, not {version}")
    else:
        return version or found_version
    return None


def _version(text: str) -> Any:
    """A version, to be compared; None if it is none."""
    if len(text) > 255:
        return None  # older Pythons take long to read such a number
    try:
        return library("packaging.version").Version(text)
    except ValueError:
        return None
