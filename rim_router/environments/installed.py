"""What is installed in the directories of Python's path, whether it was changed, and where it came from."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
from contextlib import suppress
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

from rim_router.errors import LocationError
from rim_router.rules.audit import ARCHIVED, COPIED, Found
from rim_router.rules.contents import PLUGIN, project_of
from rim_router.rules.names import normalise
from rim_router.rules.provenance import DIRECT_URL, OWN, STANDARD, listing, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rim_router.rules.provenance import Provenance

    #: Digest and size of each path of a RECORD, as they stand there, in the order of the file.
    Rows = Mapping[str, list[str]]

_METADATA = (".dist-info", ".egg-info")
_OF_EGG = "egg-info"
_PIP = "pip"
_ALGORITHMS = ("sha256", "sha384", "sha512")
# What cannot have a digest in RECORD: itself, its signatures, and what Python compiles.
_WITHOUT = ("RECORD", "RECORD.jws", "RECORD.p7s")
_COMPILED = (".pyc", "__pycache__")  # elsewhere it is there in the place of its source
_CHUNK = 1 << 20
_LARGEST = 1 << 34  # bytes; no wheel has such a file


def installed(path: Iterable[Path]) -> Iterator[Found]:
    """Every distribution in some directories; of several with one name all, since each counts somewhere."""
    seen = set()
    for directory in path:
        try:
            directories = list(_metadata_in(directory))
        except NotADirectoryError:
            yield from _in_archive(directory)
            continue
        for metadata in directories:
            # Not where a link leads: each name by which Python finds it counts.
            real = os.path.join(os.path.realpath(directory), metadata.name)  # noqa: PTH118
            if real not in seen:
                seen.add(real)
                yield from _found(metadata)


def has(path: Iterable[Path], project: str) -> bool:
    """Whether a project is installed in one of some directories; none of its files is looked at.

    :param project: normalised.
    """
    for directory in path:
        with suppress(NotADirectoryError):
            if any(_named(each)[0] == project for each in _metadata_in(directory)):
                return True
    return False


def _metadata_in(directory: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.listdir(directory))  # noqa: PTH208 - as importlib.metadata does
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise
    except OSError as error:
        raise LocationError(f"{directory} cannot be read: {error.strerror}") from error
    for entry in entries:
        low = entry.lower()
        if low.endswith(_METADATA) or low == _OF_EGG:
            yield directory / entry


def _named(metadata: Path) -> tuple[str, str]:
    """Project, normalised, and version; empty without one."""
    parts = [metadata / each for each in ("METADATA", "PKG-INFO")]
    if any(each.exists() and not _is_file(each) for each in parts):  # a pipe, for which Python would wait
        return project_of(metadata.name), ""
    name, version = _identity(Distribution.at(metadata))
    return normalise(name or project_of(metadata.name)), version or ""


def _in_archive(archive: Path) -> Iterator[Found]:
    """What a zip file on the path has, as Python can import it."""
    for about in Distribution.discover(path=[str(archive)]):
        name, version = _identity(about)
        yield Found(normalise(name or ""), version or "", str(archive), None, None, ARCHIVED)


def _found(metadata: Path) -> Iterator[Found]:
    """What a directory is of; both, if it has the name of one project and its metadata that of another."""
    name, version = _named(metadata)
    rows = _rows(metadata)
    changed = [*_changes(metadata, rows)]
    installer, provenance, doubt = None, None, ""
    try:
        installer = (_text(metadata / "INSTALLER") or "").strip() or None
        provenance = _provenance(metadata, rows, installer)
    except ValueError as error:
        doubt = str(error)
    if provenance is not None and provenance.listed not in (None, _listing(metadata, rows)):
        changed.append("RECORD: has other lines than when it was installed")
    found = Found(
        name, version, str(metadata), installer, provenance, doubt, tuple(changed), _direct_url(metadata)
    )
    other = _other_name(metadata.name, name, version)
    if other is None:
        yield found
        return
    both = f"{metadata.name}: its metadata have the name {name or 'of nothing'}"
    for each in (name, other):
        yield found.replaced(name=each, changed=(both, *changed))


def _other_name(info: str, name: str, version: str) -> str | None:
    """The project that the name of a metadata directory speaks of, if that is another one.

    Some programs write a hyphen of a name as it is, so that its end cannot be told.
    """
    stem, suffix = os.path.splitext(info)  # noqa: PTH122
    project = project_of(info)
    same = project == name or normalise(stem) in (name, normalise(f"{name}-{version}"))
    return None if same or not suffix else project


def _listing(metadata: Path, rows: Rows) -> str:
    return listing(
        metadata.name, ((name, each.partition(",")[0]) for name, found in rows.items() for each in found)
    )


def _text(path: Path) -> str | None:
    """The content of a file; None without one, also for a link that leads nowhere and for a pipe.

    :raises ValueError: if it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8") if _is_file(path) else None
    except OSError:
        return None


def _identity(about: Distribution) -> tuple[str | None, str | None]:
    try:
        return about.metadata["Name"], about.metadata["Version"]
    except Exception:  # Python 3.15 has an error of its own where the metadata are missing
        return None, None


def _rows(metadata: Path) -> Rows:
    """What a RECORD says; nothing without one.

    RECORD itself is read: from 3.13 on Python's own list leaves out files that are missing.
    """
    if not _is_file(metadata / "RECORD"):
        return {}
    try:
        with (metadata / "RECORD").open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            rows: dict[str, list[str]] = {}
            for row in csv.reader(stream):
                if row:
                    rows.setdefault(row[0], []).append(",".join(row[1:3]))
            return rows
    except (OSError, csv.Error):
        return {}


def _changes(metadata: Path, rows: Rows) -> Iterator[str]:
    for name, digests in rows.items():
        known = [each for each in digests if each.partition("=")[0] in _ALGORITHMS]
        path = metadata.parent / name
        if not known:
            is_own = path.parent == metadata and path.name in _WITHOUT
            # Some installers list the directories of what Python compiles, too.
            is_compiled = path.name == "__pycache__" or (path.suffix, path.parent.name) == _COMPILED
            if not is_own and not is_compiled:
                yield f"{name}: RECORD has no digest of it"
        elif not _is_file(path):
            yield f"{name}: missing"
        # A wheel can have a line for what pip writes itself; then there are two, of which one is right.
        elif not any(_has(path, each) for each in known):
            yield f"{name}: changed"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # of a path that no file can have
        return False


def _has(path: Path, digest: str) -> bool:
    digest, _, size = digest.partition(",")
    algorithm, _, expected = digest.partition("=")
    found = hashlib.new(algorithm)
    try:
        with path.open("rb") as stream:
            left = os.fstat(stream.fileno()).st_size  # no more: what a device has may never end
            if left > _LARGEST or (size.isdigit() and int(size) != left):
                return False
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                found.update(chunk)
                left -= len(chunk)
    except OSError:
        return False  # what cannot be read cannot be vouched for
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode() == expected.rstrip("=")


def _provenance(metadata: Path, rows: Rows, installer: str | None) -> Provenance:
    """What is recorded, if pip installed it and lists the record in RECORD.

    :raises ValueError: if there is nothing, or nothing that can be believed; it says why.
    """
    if not rows:
        raise ValueError("has no RECORD")
    if installer == PLUGIN:
        raise ValueError(COPIED)
    if installer != _PIP:
        raise ValueError(f"was installed by {installer or 'an unknown program'}, and not by a routed pip")
    documents: dict[str, bytes] = {}
    for name in (OWN, STANDARD):
        if (metadata / name).is_file():
            if f"{metadata.name}/{name}" not in rows:
                raise ValueError(f"has a {name} that its RECORD does not list")
            documents[name] = _read(metadata / name)
    if OWN not in documents:
        raise ValueError("has no record of where it came from: its pip was not routed")
    try:
        return read(documents[OWN], documents.get(STANDARD))
    except ValueError as error:
        raise ValueError(f"has a record that cannot be read: {error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"has a {path.name} that cannot be read: {error.strerror}") from None


def _direct_url(metadata: Path) -> str | None:
    try:
        said = json.loads(_text(metadata / DIRECT_URL) or "null")
    except (ValueError, RecursionError):
        return None
    url = said.get("url") if isinstance(said, dict) else None
    return url if isinstance(url, str) else None
