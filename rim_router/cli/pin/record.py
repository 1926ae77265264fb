"""What the lock file says once some files are pinned in it. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from rim_router.config.pinfile import filename_of
from rim_router.libraries import library
from rim_router.rules.names import canonical_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rim_router.cli.pin.files import FileToPin
    from rim_router.rules.pins import Pin, Pins

# A lock file can have one version of a project to install. Others stay pinned, and are never selected.
NEVER = "python_version < '0'"

# The order in which PEP 751 describes them.
_KEYS = (
    "name", "version", "marker", "requires-python", "dependencies", "vcs", "directory", "archive", "index",
    "sdist", "wheels", "attestation-identities", "tool",
)  # fmt: skip


class State(Enum):
    """What becomes of the pin of one file."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    CHANGED = "changed"  # the digest, and nobody has accepted that


@dataclass(frozen=True)
class Outcome:
    """What becomes of the pin of one file.

    :param pinned: the pin that there was.
    :param fixed: whether that is in another layer's file, which is not written here.
    """

    file: FileToPin
    state: State
    pinned: Pin | None = None
    fixed: bool = False


def best(digests: Mapping[str, str]) -> dict[str, str]:
    """The digest to write down: sha256, or else whatever strong one the index gives."""
    return {"sha256": digests["sha256"]} if "sha256" in digests else dict(digests)


def outcomes(
    files: Iterable[FileToPin], own: Pins, others: Pins, *, update: bool, every: bool = False
) -> list[Outcome]:
    """What is to become of each file.

    :param own: the pins of the file that is to be written.
    :param others: those of the files of other layers, which hold too.
    :param update: whether a changed digest is accepted.
    :param every: whether what is pinned elsewhere is to be pinned here, too.
    """
    return [
        _outcome(file, own.get(file.filename), others.get(file.filename), update, every) for file in files
    ]


def _outcome(file: FileToPin, own: Pin | None, other: Pin | None, update: bool, every: bool) -> Outcome:
    if other is not None and other.contradiction(file.digests):
        return Outcome(file, State.CHANGED, other, fixed=True)
    if own is None and other is not None and not every:
        return Outcome(file, State.UNCHANGED, other, fixed=True)
    if own is None:
        return Outcome(file, State.ADDED)
    if own.contradiction(file.digests):
        return Outcome(file, State.UPDATED if update else State.CHANGED, own)
    moved = own.url != file.url or (own.size != file.size and file.size is not None)
    return Outcome(file, State.UPDATED if update and moved else State.UNCHANGED, own)


def recorded(data: Mapping[str, Any] | None, results: Iterable[Outcome]) -> dict[str, Any]:
    """The document with its pins added and updated; equal to the one before if there is nothing to write.

    :param data: the document as it is; None if there is none.
    :param results: none of which is ``CHANGED``.
    """
    document: dict[str, Any] = (
        {"lock-version": "1.0", "created-by": "rim-router", "packages": []}
        if data is None
        else copy.deepcopy(dict(data))
    )
    packages: list[dict[str, Any]] = document["packages"]
    for result in results:
        if result.fixed:
            continue
        package = _package_of(packages, result.file)
        if result.state is not State.UNCHANGED:
            _put(package, result)
        _select(packages, package)
    if data is None or document != data:
        document["packages"] = sorted(map(_ordered, packages), key=_position)
    return document


def deselected(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """The versions that stay pinned, and are no longer what the lock file installs."""
    known = [] if before is None else before["packages"]
    kept = {(each["name"], each.get("version")) for each in known if each.get("marker") != NEVER}
    return [
        f"{each['name']} {each.get('version', '')}".rstrip()
        for each in after["packages"]
        if each.get("marker") == NEVER and (each["name"], each.get("version")) in kept
    ]


def _files(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]


def _is_of(entry: Mapping[str, Any], file: FileToPin) -> bool:
    """Whether an entry is for a file, however the file's name is spelt there."""
    return canonical_filename(filename_of(entry)) == canonical_filename(file.filename)


def _package_of(packages: list[dict[str, Any]], file: FileToPin) -> dict[str, Any]:
    """The package that has a file, or that is to have it."""
    named = [each for each in packages if each["name"] == file.name]
    for package in named:
        if any(_is_of(each, file) for each in _files(package)):
            return package
    parse = library("packaging.version").Version
    for package in named:
        same = "version" in package and parse(package["version"]) == parse(file.version)
        if same and (file.is_wheel or "sdist" not in package):
            return package
    packages.append({"name": file.name, "version": file.version})
    return packages[-1]


def _put(package: dict[str, Any], result: Outcome) -> None:
    file, size, digests = result.file, result.file.size, best(result.file.digests)
    if result.pinned is not None and not result.pinned.contradiction(file.digests):
        size = result.pinned.size if size is None else size
        digests = {**result.pinned.digests, **digests}
    entry: dict[str, Any] = {"name": file.filename, "url": file.url}
    if size is not None:
        entry["size"] = size
    entry["hashes"] = dict(sorted(digests.items()))
    if not file.is_wheel:
        package["sdist"] = entry
        return
    others = [each for each in package.get("wheels", []) if not _is_of(each, file)]
    package["wheels"] = sorted([*others, entry], key=filename_of)


def _select(packages: list[dict[str, Any]], chosen: dict[str, Any]) -> None:
    """Let the lock file install this version; markers that somebody has written stay as they are."""
    if chosen.get("marker") == NEVER:
        del chosen["marker"]
    for package in packages:
        if package is not chosen and package["name"] == chosen["name"]:
            package.setdefault("marker", NEVER)


def _ordered(package: dict[str, Any]) -> dict[str, Any]:
    known = {key: package[key] for key in _KEYS if key in package}
    return {**known, **package}


def _position(package: Mapping[str, Any]) -> tuple[Any, ...]:
    version = library("packaging.version").Version(package.get("version", "0"))
    return (package["name"], version, sorted(map(filename_of, _files(package))))
