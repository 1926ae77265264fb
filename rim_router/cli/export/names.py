"""The names of projects, and their versions: from requirements, locks, and this environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.cli.export.plan import ExportError
from rim_router.cli.foreign import read_table, read_text, string, strings, table, tables
from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.names import normalise
from rim_router.rules.urls import scrub
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELSEWHERE = {"virtual", "editable", "directory", "git", "path", "url"}
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
_Found = Iterable[tuple[str, Release]]


def read_names(requirements: Iterable[str], locks: Iterable[str], *, environment: bool) -> Names:
    """Normalised names with their releases, of which a lock knows more than requirements, and this
    environment more than a lock.

    :raises ExportError: if a file cannot be read, or says nothing of names.
    """
    found: Names = {}
    found.update(_together(each for name in requirements for each in _required(Path(name), ())))
    found.update(_together(each for name in locks for each in _locked(Path(name))))
    if environment:
        found.update(_together(_installed()))
    return dict(sorted(found.items()))


def _together(found: _Found) -> Names:
    """All releases of each name, each version once.

    :raises ExportError: if one is no name or no version, because they are written into other tools' files.
    """
    names: dict[str, dict[str | None, str]] = {}
    for name, release in found:
        version = release.version
        if not re.fullmatch(_NAME, name) or not (version is None or re.fullmatch(_VERSION, version)):
            said = f"{visible(name)} {version or ''} is no project with a version"
            raise ExportError(said.replace("  ", " "))
        known = names.setdefault(name, {})
        earlier = known.setdefault(version, release.marker)
        if earlier != release.marker:
            known[version] = f"({earlier}) or ({release.marker})" if earlier and release.marker else ""
    return {name: tuple(starmap(Release, known.items())) for name, known in names.items()}


def _installed() -> Iterator[tuple[str, Release]]:
    """What is installed here, but for what was installed from a directory."""
    for each in distributions():
        try:
            name, version = each.metadata["Name"], each.metadata["Version"]
            direct_url = each.read_text("direct_url.json")
        except Exception as error:  # Python 3.15 has an error of its own where the metadata are missing
            raise ExportError(f"{_place(each)} cannot be read: {error}") from None
        if not name or not version:
            said = f"{_place(each)} has no name or no version"
            raise ExportError(said, hint="install it again, or remove it")
        if "dir_info" not in table(_json(direct_url or "{}")):
            yield normalise(name), Release(version)


def _place(distribution: Distribution) -> object:
    return getattr(distribution, "_path", "a distribution")


def _required(path: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, Release]]:
    if path.name == "pyproject.toml":
        project = read_table(path)
        own = normalise(string(table(project, "project").get("name")) or "")
        found = [_requirement(text, path) for text in _dependencies(project)]
        yield from ((name, release) for name, release in found if name != own)
        return
    for line in re.sub(r"\\\n", " ", read_text(path)).splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
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


def _requirement(text: str, path: Path) -> tuple[str, Release]:
    try:
        requirement = library("packaging.requirements").Requirement(text)
    except ValueError:
        hint = "write NAME @ URL, or leave it out"
        raise ExportError(f"{path}: {scrub(text)} has no name", hint=hint) from None
    exact = re.fullmatch(r"={2,3}\s*([^*,\s]+)", str(requirement.specifier))
    marker = "" if requirement.marker is None else str(requirement.marker)
    return normalise(requirement.name), Release(exact[1] if exact else None, marker)


def _locked(path: Path) -> Iterator[tuple[str, Release]]:
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
        # Which is itself, or comes from no index.
        if table(each, "source").keys().isdisjoint(_ELSEWHERE):
            version = (string(each.get("version")) or "").lstrip("=") or None
            yield normalise(project), Release(version, _marker(each))


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
