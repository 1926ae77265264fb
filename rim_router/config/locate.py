"""Finds the table files that are in force for a directory (reference: Discovery and precedence)."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.config.document import read_toml, shown_path
from rim_router.config.files import (
    FILE_NAME,
    PINS_NAME,
    PYPROJECT,
    ROUTES_VARIABLE,
    LayerFile,
    add,
    command_layer,
    listed,
    open_layer,
    read_file,
)
from rim_router.config.inheritance import (
    INHERITED_VARIABLE,
    in_virtual_environment,
    read_inherited,
    with_own_environment,
)
from rim_router.errors import LocationError, TableError
from rim_router.libraries import library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EMBEDDED_KEY = ("tool", "rim-router")
CONFIG_VARIABLE = "RIM_ROUTER_CONFIG"

# The functions of platformdirs that know where the layers outside of projects lie.
_CONFIGURATIONS = {"machine": "site_config_path", "user": "user_config_path"}
_ESCAPE = rb"\\[uUx]"  # a quoted key may be spelt with them
# What the table's header, or its key in another one, looks like where the file as a whole cannot be read.
_MENTION = (
    rb"(?m)\btool\b[\"'\s.=\[\]{]*\brim-router\b"
    rb"|^[ \t]*\[[ \t]*[\"']?tool[\"']?[ \t]*\][^\n]*\n(?:(?![ \t]*\[)[^\n]*\n)*?[ \t]*[\"']?rim-router\b"
)


def locate(
    directory: os.PathLike[str] | str | None = None, environ: Mapping[str, str] | None = None
) -> tuple[LayerFile, ...]:
    """The tables in force, lowest layer first.

    :param directory: where the search for a project's table begins; none is the working directory.
    :param environ: the environment; none is that of the process.
    :raises LocationError: if a file is missing, cannot be read or is not to be trusted.
    :raises TableError: if a ``pyproject.toml`` that seems to have a table cannot be parsed.
    """
    environ = os.environ if environ is None else environ
    inherited = environ.get(INHERITED_VARIABLE)
    if inherited:
        return with_own_environment(read_inherited(inherited))
    start = _start(directory)
    files: list[LayerFile] = []
    for layer, find in _CONFIGURATIONS.items():
        path = _configuration(find)
        if path is not None and not (layer == "user" and _is_out_of_reach(path)):
            add(files, layer, path)
    if in_virtual_environment():
        add(files, "environment", Path(sys.prefix, FILE_NAME))
    explicit = environ.get(CONFIG_VARIABLE)
    if explicit is None:
        project = _find_project(start, environ)
        # The walk may come upon a file that is another layer already, such as that of ./venv itself.
        if project is not None and not listed(files, project.path):
            files.append(project)
    elif explicit:
        files += [_named(entry, start) for entry in explicit.split(os.pathsep)]
    routes = environ.get(ROUTES_VARIABLE, "")
    if routes.strip():
        files.append(command_layer(routes, start))
    return tuple(files)


def _configuration(find: str) -> Path | None:
    """The table of a layer outside of projects; None if this user has no such directory.

    A relative one, of ``XDG_CONFIG_HOME`` or of ``~`` without a home, would be whatever somebody has put
    below the working directory.

    :param find: the function of platformdirs that knows where it is.
    """
    try:
        path: Path = getattr(library("platformdirs"), find)("rim-router") / FILE_NAME
    except RuntimeError:  # no home directory
        return None
    return path if path.is_absolute() else None


def _start(directory: os.PathLike[str] | str | None) -> Path:
    try:
        return Path(os.path.realpath(Path.cwd() if directory is None else directory))
    except OSError as error:
        raise LocationError(
            f"the working directory cannot be determined ({error.strerror}), "
            "so its routing tables cannot be found",
            hint="change to a directory that exists",
        ) from error


def _is_out_of_reach(path: Path) -> bool:
    """Whether a path is below a directory of somebody else's that this user cannot enter.

    So it is where HOME is still root's after a change of user, as in many containers: this user has no
    configuration, and none that could be skipped.
    """
    for directory in reversed(path.parents):
        try:
            if not os.access(directory, os.X_OK):
                return directory.stat().st_uid != os.geteuid()
        except OSError:
            return False  # missing: then there is no file; anything else is found when it is opened
        except AttributeError:
            return False  # no users on this system
    return False


def kept_tables() -> Path | None:
    """Where copies of tables from servers are kept; None if this user has no such directory."""
    try:
        path: Path = library("platformdirs").user_cache_path("rim-router") / "tables"
    except RuntimeError:  # no home directory
        return None
    return path if path.is_absolute() else None


def places(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Where tables of users and machines may lie, and those that RIM_ROUTER_CONFIG names, with their pins."""
    environ = os.environ if environ is None else environ
    found = [_configuration(find) for find in _CONFIGURATIONS.values()]
    named = [
        Path(entry).expanduser() for entry in environ.get(CONFIG_VARIABLE, "").split(os.pathsep) if entry
    ]
    tables = [path for path in [*found, *named] if path is not None]
    return [*tables, *(path.with_name(PINS_NAME) for path in tables)]


def _named(entry: str, start: Path) -> LayerFile:
    """A file that RIM_ROUTER_CONFIG names."""
    if not entry:
        raise LocationError(
            f"{CONFIG_VARIABLE} has an empty entry",
            hint=f"separate paths by one {os.pathsep!r}, or set it to nothing at all",
        )
    try:
        path = Path(os.path.normpath(Path(start, Path(entry).expanduser())))
    except RuntimeError:  # ~somebody
        path = Path(start, entry)
    file = open_layer("project", path, path.name == PYPROJECT)
    if file is None:
        raise LocationError(
            f"{shown_path(path)}, which {CONFIG_VARIABLE} names, does not exist",
            hint=f"correct {CONFIG_VARIABLE}; it has paths separated by {os.pathsep!r}",
        )
    if file.embedded and not has_table(file.content, file.path):
        raise LocationError(f"{shown_path(path)}, which {CONFIG_VARIABLE} names, has no [tool.rim-router]")
    return file


def _find_project(start: Path, environ: Mapping[str, str]) -> LayerFile | None:
    owners = _trusted_owners(start, environ)
    for directory in _walk(start):
        allowed = None if directory == start else owners
        found = [
            file
            for name in (FILE_NAME, PYPROJECT)
            if (file := _candidate(directory / name, allowed)) is not None
        ]
        if len(found) > 1:
            raise LocationError(
                f"{shown_path(found[0].path)} and [tool.rim-router] in {shown_path(found[1].path)} "
                "are both routing tables of the project",
                hint="put everything into one of them",
            )
        if found:
            return found[0]
    return None


def _walk(start: Path) -> Iterator[Path]:
    """The directories in which a project's table may be, nearest first.

    The home directory and shared directories such as /tmp are looked at if the walk begins there,
    but in no case does it go past them.
    """
    try:
        home = Path(os.path.realpath(Path.home()))
    except RuntimeError:
        home = None  # a user without one
    for directory in (start, *start.parents):
        last = directory == home or _is_shared(directory)
        if last and directory != start:
            return
        yield directory
        if last or any(os.path.lexists(directory / name) for name in (".git", ".hg")):
            return


def _is_shared(directory: Path) -> bool:
    try:
        mode = directory.stat().st_mode
    except OSError:
        return False  # whether a table in it can be read is seen when it is looked for
    return bool(mode & stat.S_ISVTX and mode & stat.S_IWOTH)


def _candidate(path: Path, owners: frozenset[int] | None) -> LayerFile | None:
    """The project's table at a path, if there is one.

    :param owners: to whom it may belong; None for anybody.
    """
    found = read_file(path)
    if found is None:
        return None
    content, status = found
    embedded = path.name == PYPROJECT
    if embedded and not has_table(content, path):
        return None
    if owners is not None:
        _check_owner(path, status, owners)
    return LayerFile("project", path, embedded, content)


def has_table(content: bytes, path: Path) -> bool:
    """Whether a ``pyproject.toml`` has ``[tool.rim-router]``."""
    if b"rim-router" not in content and not re.search(_ESCAPE, content):
        return False  # to parse each pyproject.toml would take longer than all the rest
    try:
        data: Any = read_toml(content, shown_path(path))[1]
    except TableError:
        if re.search(_MENTION, content):
            raise
        return False  # whatever is wrong with it is no business of ours
    for part in EMBEDDED_KEY:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _trusted_owners(start: Path, environ: Mapping[str, str]) -> frozenset[int] | None:
    """To whom a project's table above the working directory may belong; None for anybody."""
    if sys.platform == "win32":
        return None  # files have no numeric owners there
    user = os.geteuid()
    owners = {user, 0}
    if user == 0:
        owners.add(start.stat().st_uid)
        sudo = environ.get("SUDO_UID", "")
        if sudo.isascii() and sudo.isdigit():
            owners.add(int(sudo))
    return frozenset(owners)


def _check_owner(path: Path, status: os.stat_result, owners: frozenset[int]) -> None:
    """Refuse a table above the working directory that somebody else may have put there.

    The status is of the open file whose content is used, so it cannot be exchanged after this check.
    A link has to be ours as well as what it points to: relative paths are relative to the link.
    """
    for owner in (status.st_uid, path.lstat().st_uid):
        if owner not in owners:
            raise LocationError(
                f"{shown_path(path)} is above the working directory and belongs to another user ({owner})",
                hint=f"set {CONFIG_VARIABLE} to its path to use it, or to nothing to go without it",
            )
