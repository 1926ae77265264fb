"""The names of projects, and their versions: from requirements, locks, and this environment."""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.cli.export.plan import ExportError
from rim_router.config.document import read_toml
from rim_router.libraries import library
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    return dict(sorted(found.items()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ExportError(f"{path} cannot be read: {reason}") from None


def _toml(path: Path) -> dict[str, Any]:
    return read_toml(_text(path).encode(), str(path))[1]


def _required(path: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, str | None]]:
    if path.name == "pyproject.toml":
        yield from (_requirement(text, path) for text in _dependencies(_toml(path)))
        return
    for line in re.sub(r"\\\n", " ", _text(path)).splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        other = re.match(r"(?:-r|-c|--requirement|--constraint)[= ]?\s*(\S+)", text)
        if other is not None and path not in above:
            yield from _required(path.parent / other[1], (*above, path))
        elif text and not text.startswith("-"):
            yield _requirement(re.sub(r"\s--[a-z].*", "", text), path)
        elif re.match(r"(?:-e|--editable)\b", text):
            raise ExportError(f"{path}: {text} has no name", hint="write NAME @ URL, or leave it out")


def _dependencies(project: dict[str, Any]) -> Iterator[str]:
    table = project.get("project", {})
    yield from table.get("dependencies", ())
    for extra in table.get("optional-dependencies", {}).values():
        yield from extra
    for group in project.get("dependency-groups", {}).values():
        yield from (each for each in group if isinstance(each, str))
    yield from project.get("build-system", {}).get("requires", ())


def _requirement(text: str, path: Path) -> tuple[str, str | None]:
    try:
        requirement = library("packaging.requirements").Requirement(text)
    except ValueError:
        raise ExportError(f"{path}: {text} has no name", hint="write NAME @ URL, or leave it out") from None
    exact = re.fullmatch(r"={2,3}\s*([^*,\s]+)", str(requirement.specifier))
    return normalise(requirement.name), exact[1] if exact else None


def _locked(path: Path) -> Iterator[tuple[str, str | None]]:
    if path.name == "Pipfile.lock":
        sections = json.loads(_text(path))
        for section in ("default", "develop"):
            for name, value in sections.get(section, {}).items():
                yield normalise(name), str(value.get("version", "")).lstrip("=") or None
        return
    data = _toml(path)
    packages = data.get("packages", data.get("package"))
    if not isinstance(packages, list):
        raise ExportError(f"{path} is no lock", hint="give a pylock.toml, uv.lock, poetry.lock or pdm.lock")
    for each in packages:
        if not _is_itself(each):
            yield normalise(each["name"]), each.get("version")


def _is_itself(package: dict[str, Any]) -> bool:
    """Whether an entry of uv.lock is the project that is locked."""
    source = package.get("source", {})
    return isinstance(source, dict) and not {"virtual", "editable", "directory"}.isdisjoint(source)
