"""Reads the package source mapping of a ``nuget.config``: its patterns become routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from rim_router.cli.foreign import read_text
from rim_router.cli.init.draft import ALL, InitError
from rim_router.config.document import shown_path
from rim_router.rules.guards import DEFAULT_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rim_router.cli.init.draft import Draft

# A feed of Azure Artifacts is for both; the others have no Python packages at the same URL.
_AZURE = r"(https://.+/_packaging/[^/]+)/nuget/v3/index\.json"
_NUGET_ORG = r"https://(api|www)\.nuget\.org/.*"
_FEED = r"(?i).*(/v3/index\.json|/nuget/?|/api/v2/?)"


def read_nuget(draft: Draft, path: Path) -> str:
    """Add the routes of a file to a draft; returns the name of the file.

    :raises InitError: if it is no such file.
    :raises LocationError: if it cannot be read.
    """
    root = _parse(path)
    origin = path.name
    disabled = {key.casefold() for key, value in _added(root, "disabledPackageSources") if value != "false"}
    names: dict[str, str | None] = {}
    for key, url in _added(root, "packageSources"):
        where = f"{origin}: source {key}"
        if key.casefold() in disabled:
            draft.note(f"{where} is disabled there")
            names[key.casefold()] = None
        else:
            names[key.casefold()] = _index(draft, key, url, where)
    if root.find("packageSourceCredentials") is not None:
        draft.note(f"{origin}: packageSourceCredentials")
    mapped = list(_mapped(root))
    if not mapped:
        raise InitError(f"{shown_path(path)} has no packageSourceMapping with patterns")
    for key, pattern in mapped:
        where = f"{origin}: {key}"
        if pattern == ALL:
            draft.default(names.get(key.casefold()), where)
        else:
            draft.route(pattern, names.get(key.casefold()), where)
    if all(pattern != ALL for _, pattern in mapped):
        draft.deny_others(f"no pattern of {origin} has it")
    return origin


def _parse(path: Path) -> ET.Element:
    text = read_text(path).lstrip("\ufeff")
    if "<!DOCTYPE" in text:  # without one there are no entities of its own
        raise InitError(f"{shown_path(path)} has a DOCTYPE, which is not read")
    try:
        return ET.fromstring(text)  # noqa: S314  # entities cannot be declared
    except ET.ParseError as error:
        raise InitError(f"{shown_path(path)} is no XML: {error}") from None


def _added(root: ET.Element, section: str) -> Iterator[tuple[str, str]]:
    """What a section adds after its last ``clear``."""
    found: dict[str, str] = {}
    for element in root.iterfind(f"{section}/*"):
        if element.tag == "clear":
            found.clear()
        elif element.tag == "add" and element.get("key"):
            found[element.get("key", "")] = element.get("value", "")
    yield from found.items()


def _mapped(root: ET.Element) -> Iterator[tuple[str, str]]:
    """The key of a source with each of its patterns."""
    for source in root.iterfind("packageSourceMapping/packageSource"):
        for package in source.iterfind("package"):
            yield source.get("key", ""), package.get("pattern", "")


def _index(draft: Draft, key: str, url: str, where: str) -> str | None:
    azure = re.fullmatch(_AZURE, url)
    if azure is not None:
        return draft.index(key, f"{azure[1]}/pypi/simple/", where)
    if re.fullmatch(_NUGET_ORG, url):
        draft.note(f"{where}: nuget.org is for NuGet; here it is PyPI")
        return draft.index("pypi", DEFAULT_INDEX, where)
    if re.fullmatch(_FEED, url):
        draft.note(f"{where} is for NuGet: write the URL of its Python index")
        return None
    return draft.index(key, url, where)
