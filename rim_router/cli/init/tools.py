"""Reads where other tools look for packages: what they say becomes lines of a draft."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from rim_router.cli.foreign import read_table, read_text, string, strings, table, tables
from rim_router.cli.init.addresses import brief
from rim_router.cli.init.draft import ALL, InitError
from rim_router.cli.requirements import lines_of, options_in
from rim_router.rules.guards import DEFAULT_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rim_router.cli.init.draft import Draft

_PYPI = "pypi"
_MAIN = ("primary", "default")  # priorities of sources that Poetry asks first
_PIPS = ("index-url", "extra-index-url", "find-links")  # pip's options, which uv has too


def read_all(draft: Draft, directory: Path, settings: Mapping[str, str]) -> list[str]:
    """Add what is said in a directory and in pip's configuration; returns what has been read.

    :param settings: pip's, as ``pip config list`` names them.
    """
    read = []
    project = table(_toml(directory / "pyproject.toml"), "tool")
    uv = _toml(directory / "uv.toml")
    readers = (
        ("uv.toml", uv, _uv),
        ("[tool.uv] of pyproject.toml", project.get("uv"), _uv),
        ("[tool.pdm] of pyproject.toml", project.get("pdm"), _pdm),
        ("[tool.poetry] of pyproject.toml", project.get("poetry"), _poetry),
        ("Pipfile", _toml(directory / "Pipfile"), _pipfile),
    )
    for origin, said, reader in readers:
        if isinstance(said, dict) and reader(draft, said, origin):
            read.append(origin)
    for path in sorted({*directory.glob("requirements*.txt"), *directory.glob("requirements/*.txt")}):
        options = list(_requirement_options(path))
        if options:
            # Of several lines the last one counts for pip.
            _options(draft, options[::-1], path.relative_to(directory).as_posix())
            read.append(path.relative_to(directory).as_posix())
    settings = dict(sorted(settings.items(), key=_rank))
    options = [
        (key.rpartition(".")[2], url)
        for key, value in settings.items()
        for url in value.split()
        if key.rpartition(".")[2] in _PIPS
    ]
    if options:
        _options(draft, options, "pip's configuration")
        read.append("pip's configuration")
    for key in settings:
        if key.rpartition(".")[2] in ("no-index", "trusted-host"):
            draft.note(f"pip's configuration: {key} still holds")
    if ALL not in draft.routes:
        draft.default(draft.index(_PYPI, DEFAULT_INDEX, "pip's default"), "nothing here says otherwise")
    return read


def _rank(setting: tuple[str, str]) -> int:
    """In which order pip's settings count: variables, those of the command, all others."""
    section = setting[0].rpartition(".")[0]
    return 0 if section == ":env:" else 1 if section == "install" else 2


def _toml(path: Path) -> dict[str, Any]:
    return read_table(path) if path.is_file() else {}


def _named(source: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and URL of one source."""
    url, name = string(source.get("url")), string(source.get("name"))
    if url is None:
        return None
    host = re.split("[/:]", url.rpartition("@")[2].rpartition("://")[2])[0]
    return (name or re.sub(r"[^A-Za-z0-9.-]", "", host) or "index").strip(), url


def _options(draft: Draft, options: list[tuple[str, str]], origin: str, *, extra_first: bool = False) -> None:
    """pip's options, as pip means them.

    :param extra_first: whether what the other indexes have comes from nowhere else.
    """
    mains = [url for key, url in options if key == "index-url"]
    for url in mains[:1]:
        name = _PYPI if url.rstrip("/") == DEFAULT_INDEX else "main"
        draft.default(draft.index(name, url, origin), f"{origin}: index-url")
    for url in mains[1:]:
        draft.note(f"{origin}: another index-url, {brief(url)}")
    for key, url in options:
        if key in ("no-index", "trusted-host"):
            draft.note(f"{origin}: {key} still holds")
        if key == "extra-index-url":
            draft.for_every_name("extra", url, f"{origin}: {key}", first=extra_first)
        elif key == "find-links":
            draft.for_every_name("links", url, f"{origin}: {key}", flat=True)


_OPTIONS = {"--index-url": "index-url", "--pypi-url": "index-url", "--extra-index-url": "extra-index-url"}
_OPTIONS.update({"--find-links": "find-links", "--no-index": "no-index", "--trusted-host": "trusted-host"})


def _requirement_options(path: Path) -> Iterator[tuple[str, str]]:
    """The options of a requirements file that say where to look, as pip's parser reads them.

    :raises InitError: for a line that pip does not understand either.
    """
    for line in lines_of(read_text(path).lstrip("\ufeff")):
        if not line.lstrip().startswith("-"):
            continue
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise InitError(f"{path.name}: a line of options cannot be read: {error}") from None
        for option, value in options_in(words, _OPTIONS):
            yield _OPTIONS[option], value


def _uv(draft: Draft, said: dict[str, Any], origin: str) -> bool:
    sources = table(said, "sources")
    used = {string(each.get("index")) for value in sources.values() for each in tables(value)}
    names: dict[str, str | None] = {}
    # Unless it is told otherwise, uv takes a name from the first index that has it.
    strategies = {string(where.get("index-strategy")) for where in (said, table(said, "pip"))}
    first = strategies <= {None, "first-index"}
    for each in tables(said.get("index")):
        found = _named(each)
        if found is not None:
            names[found[0]] = _uv_index(draft, each, found, origin, used=found[0] in used, first=first)
            if each.get("default"):
                draft.default(names[found[0]], f"{origin}: default index")
    for key in ("no-index", "index-strategy"):
        if key in said or key in table(said, "pip"):
            draft.note(f"{origin}: {key}")
    if said.get("no-index") or table(said, "pip").get("no-index"):
        draft.deny_others("uv has no-index: write the index of these names")
    for where in (said, table(said, "pip")):
        _options(
            draft, [(key, url) for key in _PIPS for url in strings(where.get(key))], origin, extra_first=first
        )
    for project, source in sources.items():
        for each in tables(source):
            _uv_source(draft, project, each, names, f"{origin}: sources.{project}")
    return not said.keys().isdisjoint(
        ("index", "sources", "index-url", "extra-index-url", "find-links", "pip")
    )


def _uv_index(
    draft: Draft, said: Mapping[str, Any], found: tuple[str, str], origin: str, *, used: bool, first: bool
) -> str | None:
    """One index of uv; the name that it has here if it can be used."""
    name, url = found
    flat = said.get("format") == "flat"
    where = f"{origin}: index {name}"
    for key in sorted(said.keys() - {"name", "url", "explicit", "default", "format", "publish-url"}):
        draft.note(f"{where}: {key}")
    if used or said.get("explicit") or said.get("default"):
        if not (said.get("explicit") or said.get("default")):
            draft.note(f"{where} is asked for every name there; here for those below")
            if first:
                draft.asked_first(name)
        return draft.index(name, url, where, flat=flat)
    draft.for_every_name(name, url, where, flat=flat, first=first)
    return None


def _uv_source(
    draft: Draft, project: str, source: dict[str, Any], names: Mapping[str, str | None], origin: str
) -> None:
    index = string(source.get("index"))
    if index is None:
        draft.from_no_index(project, origin, source)
        return
    if "extra" in source or "group" in source:
        draft.note(f"{origin}: extra and group; a route holds for all of them")
    draft.project(project, names.get(index), origin, string(source.get("marker")))


def _pdm(draft: Draft, said: dict[str, Any], origin: str) -> bool:
    in_order = table(said, "resolution").get("respect-source-order") is True
    for each in tables(said.get("source")):
        found = _named(each)
        if found is not None:
            _pdm_source(draft, each, *found, f"{origin}: source {found[0]}", first=in_order)
    return "source" in said


def _pdm_source(draft: Draft, said: dict[str, Any], name: str, url: str, where: str, *, first: bool) -> None:
    flat = said.get("type") == "find_links"
    for key in ("username", "password", "ca_certs", "client_cert", "client_key"):
        if said.get(key):
            draft.note(f"{where}: {key}")
    if said.get("verify_ssl") is False:
        draft.note(f"{where}: verify_ssl = false; certificates are verified")
    excluded = said.get("exclude_packages", [])
    included = strings(said.get("include_packages"))
    _pdm_excluded(draft, [each for each in strings(excluded) if each != ALL], where, main=not included)
    if included:
        index = draft.index(name, url, where, flat=flat)
        if excluded != ["*"]:
            draft.note(f"{where} is asked for all other names, too, by PDM; here only for its own")
        for pattern in included:
            draft.route(pattern, index, f"{where}: include_packages")
    elif name == _PYPI:
        draft.default(draft.index(name, url, where, flat=flat), where)
    else:
        draft.for_every_name(name, url, where, flat=flat, first=first)


def _pdm_excluded(draft: Draft, patterns: list[str], where: str, *, main: bool) -> None:
    if patterns and not main:
        draft.note(f"{where}: exclude_packages")
        return
    for pattern in patterns:
        draft.keep_away(pattern, f"{where}: exclude_packages")


def _poetry(draft: Draft, said: dict[str, Any], origin: str) -> bool:
    names: dict[str, str | None] = {}
    primary = None
    for each in tables(said.get("source")):
        if str(each.get("name", "")).lower() == _PYPI:
            each.setdefault("url", DEFAULT_INDEX)
        found = _named(each)
        if found is None:
            continue
        name, url = found
        priority = string(each.get("priority")) or "primary"
        where = f"{origin}: source {name}"
        if priority in _MAIN and primary is None:
            names[name] = primary = draft.index(name, url, where)
        elif priority == "explicit" or name in _poetry_sources(said):
            names[name] = draft.index(name, url, where)
            if priority != "explicit":
                draft.note(f"{where} is {priority}, so Poetry asks it for every name; here for those below")
        else:
            draft.for_every_name(name, url, f"{where} ({priority})")
    for project, value in _poetry_dependencies(said):
        _required(draft, project, value, "source", names, f"{origin}: dependency {project}")
    if any((string(each.get("priority")) or "primary") in _MAIN for each in tables(said.get("source"))):
        draft.default(primary, f"{origin}: primary source")
    return "source" in said


def _poetry_sources(said: dict[str, Any]) -> set[str]:
    return {string(value.get("source")) or "" for _, value in _poetry_dependencies(said)}


_DIRECT_KEYS = ("git", "path", "url", "file", "workspace", "hg", "svn", "bzr")


def _poetry_dependencies(said: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each dependency that says more than its version, and what it says."""
    for place in (said, *table(said, "group").values()):
        for key in ("dependencies", "dev-dependencies"):
            for project, value in table(place, key).items():
                yield from ((project, each) for each in tables(value))


def _required(
    draft: Draft, project: str, said: dict[str, Any], key: str, names: Mapping[str, str | None], origin: str
) -> None:
    """A project with the name of its index, in the words of Poetry and Pipenv."""
    index = string(said.get(key))
    if index is not None:
        draft.project(project, names.get(index), origin, string(said.get("markers")))
    elif not said.keys().isdisjoint(_DIRECT_KEYS):
        draft.from_no_index(project, origin, said.keys() & {*_DIRECT_KEYS})


def _pipfile(draft: Draft, said: dict[str, Any], origin: str) -> bool:
    names: dict[str, str | None] = {}
    for each in tables(said.get("source")):
        found = _named(each)
        if found is None:
            continue
        name, url = found
        names[name] = draft.index(name, url, f"{origin}: source {name}")
        if each.get("verify_ssl") is False:
            draft.note(f"{origin}: source {name}: verify_ssl = false; certificates are verified")
    first = next(iter(names.values()), None)
    for section, packages in said.items():
        if section in ("source", "requires", "scripts", "pipenv") or not isinstance(packages, dict):
            continue
        for project, value in packages.items():
            _required(draft, project, table(value), "index", names, f"{origin}: {section}.{project}")
    if names:
        draft.default(first, f"{origin}: first source")
    return "source" in said
