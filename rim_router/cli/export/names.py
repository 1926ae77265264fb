"""The names of projects, and their versions: from requirements, locks, and this environment."""

from __future__ import annotations

import json
import re
from importlib.metadata import Distribution, distributions
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from rim_router.cli.export.plan import ExportError
from rim_router.cli.foreign import read_table, read_text, string, strings, table, tables
from rim_router.cli.requirements import lines_of
from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.names import normalise
from rim_router.rules.urls import scrub
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# By which a lock says that a package comes from no index: PEP 751, PDM and Pipenv.
_ELSEWHERE = {"vcs", "directory", "git", "hg", "svn", "bzr", "path", "file", "url", "editable", "virtual"}
_NAME = r"(?a)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VERSION = r"(?a)[A-Za-z0-9.!+_-]+"


class Release(Record):
    """A version of a project that may be needed.

    :param version: None if no single one is possible.
    :param marker: the environments for which it is needed; empty for all of them.
    """

    version: str | None
    marker: str = ""


Names = dict[str, tuple[Release, ...]]
_Found = tuple[str, Optional[Release]]  # None: from a directory, a repository or a URL, so from no index


def read_names(requirements: Iterable[str], locks: Iterable[str], *, environment: bool) -> Names:
    """Normalised names with their releases, of which a lock knows more than requirements, and this
    environment more than a lock. What comes from no index is left out: its name is for no other tool's index.

    :raises ExportError: if a file cannot be read, or says nothing of names.
    """
    found: Names = {}
    found.update(_together(each for name in requirements for each in _required(Path(name), ())))
    found.update(_together(each for name in locks for each in _locked(Path(name))))
    if environment:
        found.update(_together(_installed()))
    return {name: releases for name, releases in sorted(found.items()) if releases}


def _together(found: Iterable[_Found]) -> Names:
    """All releases of each name, each version once; none for what comes from no index.

    :raises ExportError: if one is no name or no version, because they are written into other tools' files.
    """
    names: dict[str, dict[str | None, str]] = {}
    for name, release in found:
        if release is None:
            names.setdefault(name, {})
            continue
        version = release.version
        if not re.fullmatch(_NAME, name) or not (version is None or re.fullmatch(_VERSION, version)):
            said = f"{visible(name)} {version or ''} is no project with a version"
            raise ExportError(said.replace("  ", " "))
        known = names.setdefault(name, {})
        earlier = known.setdefault(version, release.marker)
        if earlier != release.marker:
            known[version] = f"({earlier}) or ({release.marker})" if earlier and release.marker else ""
    return {name: tuple(starmap(Release, known.items())) for name, known in names.items()}


def _installed() -> Iterator[_Found]:
    """What is installed here; an installer records where it is from if that is no index (PEP 610)."""
    for each in distributions():
        try:
            name, version = each.metadata["Name"], each.metadata["Version"]
            direct_url = each.read_text("direct_url.json")
        except Exception as error:  # Python 3.15 has an error of its own where the metadata are missing
            raise ExportError(f"{_place(each)} cannot be read: {error}") from None
        if not name or not version:
            said = f"{_place(each)} has no name or no version"
            raise ExportError(said, hint="install it again, or remove it")
        yield normalise(name), Release(version) if direct_url is None else None


def _place(distribution: Distribution) -> object:
    return getattr(distribution, "_path", "a distribution")


def _required(path: Path, above: tuple[Path, ...]) -> Iterator[_Found]:
    if path.name == "pyproject.toml":
        project = read_table(path)
        own = normalise(string(table(project, "project").get("name")) or "")
        direct = set(_direct(project))
        for name, release in (_requirement(text, path) for text in _dependencies(project)):
            if name != own:
                yield name, None if name in direct else release
        return
    for text in map(str.strip, lines_of(read_text(path))):
        other = re.match(r"(?:-r|-c|--requirement|--constraint)[= ]?\s*(\S+)", text)
        if other is not None and path not in above:
            yield from _required(path.parent / other[1], (*above, path))
        elif text and not text.startswith("-"):
            yield _requirement(re.sub(r"\s--[a-z].*", "", text), path)
        elif re.match(r"(?:-e|--editable)\b", text):
            raise ExportError(f"{path}: {scrub(text)} has no name", hint="write NAME @ URL, or leave it out")


def _dependencies(project: dict[str, Any]) -> Iterator[str]:
    yield from strings(table(project, "project").get("dependencies"))
    groups = (table(project, "project", "optional-dependencies"), table(project, "dependency-groups"))
    for group in groups:
        for entries in group.values():
            yield from strings(entries)
    yield from strings(table(project, "build-system").get("requires"))
    for key in ("dev-dependencies", "constraint-dependencies", "override-dependencies"):
        yield from strings(table(project, "tool", "uv").get(key))
    for entries in table(project, "tool", "pdm", "dev-dependencies").values():
        yield from strings(entries)
    poetry = table(project, "tool", "poetry")
    for place in (poetry, *map(table, table(poetry, "group").values())):
        for key in ("dependencies", "dev-dependencies"):
            yield from (name for name in table(place, key) if name.lower() != "python")


def _direct(project: dict[str, Any]) -> Iterator[str]:
    """What uv and Poetry are told to take from no index."""
    poetry = table(project, "tool", "poetry")
    groups = [each for place in table(poetry, "group").values() for each in table(place).values()]
    places = (table(poetry, "dependencies"), table(poetry, "dev-dependencies"), *map(table, groups))
    for place in (table(project, "tool", "uv", "sources"), *places):
        for name, value in place.items():
            sources = tables(value)
            if sources and all(not _ELSEWHERE.isdisjoint(each) or "workspace" in each for each in sources):
                yield normalise(name)


def _requirement(text: str, path: Path) -> tuple[str, Release]:
    try:
        requirement = library("packaging.requirements").Requirement(text)
    except ValueError:
        hint = "write NAME @ URL, or leave it out"
        raise ExportError(f"{path}: {scrub(text)} has no name", hint=hint) from None
    exact = re.fullmatch(r"={2,3}\s*([^*,\s]+)", str(requirement.specifier))
    marker = "" if requirement.marker is None else str(requirement.marker)
    return normalise(requirement.name), Release(exact[1] if exact else None, marker)


def _locked(path: Path) -> Iterator[_Found]:
    if path.name == "Pipfile.lock":
        sections = _json(read_text(path))
        if sections is None:
            raise ExportError(f"{path} is not JSON")
        packages: object = [
            {**table(value), "name": name}
            for section in ("default", "develop")
            for name, value in table(sections, section).items()
        ]
    else:
        data = read_table(path)
        packages = data.get("packages", data.get("package"))
    if not isinstance(packages, list):
        raise ExportError(f"{path} is no lock", hint="give a pylock.toml, uv.lock, poetry.lock or pdm.lock")
    for each in tables(packages):
        project = string(each.get("name"))
        if project is None:
            raise ExportError(f"{path}: a package has no name")
        version = (string(each.get("version")) or "").lstrip("=") or None
        yield normalise(project), Release(version, _marker(each)) if _is_from_an_index(each) else None


def _is_from_an_index(package: dict[str, Any]) -> bool:
    """Whether a lock says so, or nothing else: then it is the index that the tool asks by default."""
    if any(key in _ELSEWHERE and value is not False for key, value in package.items()):
        return False
    if "archive" in package and "index" not in package:
        return False
    source = package.get("source")  # of uv and Poetry, which say "registry" and "legacy" of an index
    return source is None or "registry" in table(source) or table(source).get("type") == "legacy"


def _marker(package: dict[str, Any]) -> str:
    """When a lock wants a package; empty for always, and for what is no marker of an environment."""
    said = [
        *strings(package.get("marker")),
        *strings(package.get("markers")),
        *strings(package.get("resolution-markers")),
    ]
    try:
        return str(library("packaging.markers").Marker(" or ".join(f"({each})" for each in said)))
    except ValueError:
        return ""


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
