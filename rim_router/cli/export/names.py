"""The names of projects, and their versions: from requirements, locks, and this environment."""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.cli.export.plan import ExportError
from rim_router.cli.foreign import read_table, read_text, string, strings, table, tables
from rim_router.libraries import library
from rim_router.rules.names import normalise
from rim_router.rules.urls import scrub
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ELSEWHERE = ("virtual", "editable", "directory", "git", "path", "url")
_NAME = r"(?a)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VERSION = r"(?a)[A-Za-z0-9.!+_-]+"

Names = dict[str, "str | None"]


def read_names(requirements: Iterable[str], locks: Iterable[str], *, environment: bool) -> Names:
    """Normalised names, each with its version if only one is possible.

    :raises ExportError: if a file cannot be read, or says nothing of names.
    """
    found: Names = {}
    for name in requirements:
        found.update(_required(Path(name), ()))
    for name in locks:
        found.update(_locked(Path(name)))
    if environment:
        found.update((normalise(each.metadata["Name"]), each.version) for each in distributions())
    for name, version in found.items():
        # They are written into files that other tools read.
        if not re.fullmatch(_NAME, name) or not (version is None or re.fullmatch(_VERSION, version)):
            raise ExportError(
                f"{visible(name)} {version or ''} is no project with a version".replace("  ", " ")
            )
    return dict(sorted(found.items()))


def _required(path: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, str | None]]:
    if path.name == "pyproject.toml":
        yield from (_requirement(text, path) for text in _dependencies(read_table(path)))
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


def _requirement(text: str, path: Path) -> tuple[str, str | None]:
    try:
        requirement = library("packaging.requirements").Requirement(text)
    except ValueError:
        hint = "write NAME @ URL, or leave it out"
        raise ExportError(f"{path}: {scrub(text)} has no name", hint=hint) from None
    exact = re.fullmatch(r"={2,3}\s*([^*,\s]+)", str(requirement.specifier))
    return normalise(requirement.name), exact[1] if exact else None


def _locked(path: Path) -> Iterator[tuple[str, str | None]]:
    if path.name == "Pipfile.lock":
        try:
            sections = json.loads(read_text(path))
        except ValueError as error:
            raise ExportError(f"{path} is not JSON: {error}") from None
        for section in ("default", "develop"):
            for name, value in table(sections, section).items():
                yield normalise(name), (string(table(value).get("version")) or "").lstrip("=") or None
        return
    data = read_table(path)
    packages = data.get("packages", data.get("package"))
    if not isinstance(packages, list):
        raise ExportError(f"{path} is no lock", hint="give a pylock.toml, uv.lock, poetry.lock or pdm.lock")
    for each in tables(packages):
        project = string(each.get("name"))
        if project is None:
            raise ExportError(f"{path}: a package has no name")
        # Which is itself, or comes from no index.
        if (
            table(each, "source")
            .keys()
            .isdisjoint(("virtual", "editable", "directory", "git", "path", "url"))
        ):
            yield normalise(project), string(each.get("version"))
