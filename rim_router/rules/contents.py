"""What a wheel may bring, by the paths to which pip will write it. Pure."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from rim_router.record import Record
from rim_router.rules.filenames import DISTRIBUTIONS
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    #: Entries of a wheel with the absolute path to which each will be written.
    Placed = Iterable[tuple[str, str]]

PLUGIN = "rim-router"
#: What it needs, and what is copied with it into other environments.
BROUGHT_ALONG = ("certifi", "packaging", "platformdirs", "tomli")
_PACKAGES = ("rim_router", "_rim_router")

#: Files and directories that decide, where they lie, from where other projects come.
TABLES = ("index-routing.toml", "pylock.external.toml")
_AT_ROOTS = {
    **dict.fromkeys(TABLES, "a routing table or its pins"),
    **dict.fromkeys(("pip.conf", "pip.ini"), "configuration of pip"),
    **dict.fromkeys((".git", ".hg"), "the end of the search for a project's routing table"),
    "pyvenv.cfg": "the configuration of the environment",
}
PYPROJECT = "pyproject.toml"
_IN_PROJECTS = (*TABLES, ".git", ".hg")
_OFFERS = (*DISTRIBUTIONS, ".html", ".htm")
_METADATA = ("metadata", "pkg-info")
_INFO = (".dist-info", ".egg-info")
# What makes pip look for installed distributions elsewhere; no wheel has a use for it.
_LINKS = (".egg-link", ".egg")


class Ground(Record):
    """The places that a run of pip may not let a wheel write to; every path as :func:`spelling` has it.

    :param roots: directories in which tables, pip's configuration and the like would be in force.
    :param imports: directories in which pip looks for installed distributions.
    :param files: files that are in force wherever they lie, such as the configuration files of pip.
    :param plugin: directories of the plugin itself.
    :param trees: directories of file-system indexes and of pip's cache, into which nothing may be put.
    :param links: directories of links, into which no distribution and no page may be put.
    :param projects: directories in which, at any depth, a table could be in force some day.
    :param spared: directories below those in which it would not.
    """

    roots: frozenset[str]
    imports: frozenset[str]
    files: frozenset[str] = frozenset()
    plugin: frozenset[str] = frozenset()
    trees: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()


def spelling(path: str) -> str:
    """A path in the one form that stands for all that some file system takes for the same.

    Without regard to case, to characters that cannot be seen, to dots and spaces at the end of a name, and to
    what follows a colon in it.
    """
    directory, _, name = path.rpartition("/")
    if name in ("", ".", "..") or "\\" in name or not name.isascii():
        return _spelling(path)
    return f"{_spelling(directory) if directory else ''}/{_part(name).lower()}"


@cache  # of directories, of which a wheel has few
def _spelling(path: str) -> str:
    if not path.isascii():
        path = "".join(each for each in path if unicodedata.category(each) != "Cf")
    parts = posixpath.normpath(path.replace("\\", "/")).casefold().split("/")
    return "".join("/" + _part(part) for part in parts if part)


def _part(name: str) -> str:
    # What follows a colon is a stream of the same file for some (and the letter of a drive is all the same).
    return name.partition(":")[0].rstrip(" .") or name


@cache
def _below(base: str, directory: str) -> str:
    return posixpath.normpath(posixpath.join(base, directory))


def _joined(base: str, path: str) -> str:
    directory, _, name = path.rpartition("/")
    return _below(base, path) if name in ("", ".", "..") else f"{_below(base, directory)}/{name}"


_SECTION = re.compile(r"\[([^\[\]]*)\]\s*")
_OF_SCRIPTS = (
    "console_scripts",
    "gui_scripts",
    "default",
)  # what DEFAULT has, some readers give to each section


def script_names(text: str) -> Iterator[str]:
    """The names of which pip makes scripts, in the text of an ``entry_points.txt``.

    pip's readers differ in what they take for the end of a line and for the name of a section: a name counts
    unless each of them would find it in a section that is not for scripts.
    """
    of_scripts = True
    for physical in text.split("\n"):
        lines = physical.splitlines()
        plain = _SECTION.fullmatch(physical) if len(lines) == 1 else None
        for line in lines:
            headed = line.lstrip().startswith("[") and any(each in line.lower() for each in _OF_SCRIPTS)
            of_scripts = headed or (of_scripts and plain is None)
        for line in dict.fromkeys([*lines, physical]):
            name, equals, _ = line.partition("=")
            if equals and of_scripts:
                yield name.strip()


def destinations(entries: Iterable[str], layout: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where pip will write the entries of a wheel, as it reads their paths.

    :param entries: paths in the archive, or of its RECORD.
    :param layout: the directories of the installation scheme, absolute, by pip's keys for them: purelib,
        platlib, headers, scripts and data.
    :returns: each entry with its path; with two where it depends on what the wheel says of itself.
    """
    libraries = dict.fromkeys((layout["purelib"], layout["platlib"]))
    placed = []
    for entry in entries:
        if entry.endswith("/"):
            continue  # a directory is made for the files in it only
        for written in (entry, entry.replace("\\", "/")) if "\\" in entry else (entry,):
            if written.partition("/")[0].endswith(".data"):
                _, *below = posixpath.normpath(written).split("/", 2)
                bases = [layout[below[0]]] if len(below) == 2 and below[0] in layout else []
                path = below[-1] if below else ""
            else:
                bases, path = list(libraries), written
            placed += [(entry, _joined(base, path)) for base in bases]
    return placed


def content_faults(project: str, placed: Placed, ground: Ground, *, is_plugin: bool = False) -> list[str]:
    """What a wheel would write to where it would decide for other projects.

    :param project: whose wheel it is, normalised.
    :param is_plugin: whether it is rim-router, which is installed because the user or the table says so.
    :returns: a sentence for each such path, with the entry that leads to it.
    """
    faults: dict[str, None] = {}
    seen: set[tuple[str, bool]] = set()
    for entry, path in placed:
        for where, is_file in _with_parents(spelling(path), seen):
            why = _fault(project, where, ground, is_file=is_file, is_plugin=is_plugin)
            if why is not None:
                faults[f"{entry} leads to {path}: {why}"] = None
    return list(faults)


def _with_parents(path: str, seen: set[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    is_file = True
    while path and (path, is_file) not in seen:
        seen.add((path, is_file))
        yield path, is_file
        path, is_file = path.rpartition("/")[0], False


def _fault(project: str, path: str, ground: Ground, *, is_file: bool, is_plugin: bool) -> str | None:
    parent, _, name = path.rpartition("/")
    why = None
    if parent in ground.roots:
        why = _AT_ROOTS.get(name)
        if name.endswith("._pth"):
            why = "what Python reads in place of start-up files"
    if why is None and parent in ground.imports:
        why = _fault_of_distribution(project, name, is_plugin=is_plugin)
    if why is None and path in ground.files:
        why = "a file that says where projects come from"
    if why is None:
        why = _fault_in_projects(path, ground, is_file=is_file)
    if why is None and path in ground.plugin and not is_plugin:
        why = "a file of rim-router"
    if why is None and is_file and path in ground.imports:
        why = "an archive in which Python looks for distributions"
    return why


def _fault_in_projects(path: str, ground: Ground, *, is_file: bool) -> str | None:
    parent, _, name = path.rpartition("/")
    is_end = name in _IN_PROJECTS and _is_within(path, ground.projects)
    offers = is_file and (
        (parent in ground.links and name.endswith(_OFFERS)) or _is_within(path, ground.trees)
    )
    # Last, because it is asked of few of the thousands of files that a wheel can have.
    if not (is_end or offers) or _is_within(path, ground.spared):
        return None
    return _AT_ROOTS[name] if is_end else "what an index offers"


def _is_within(path: str, directories: Iterable[str]) -> bool:
    return any(path.startswith(f"{each}/") for each in directories)


def _fault_of_distribution(project: str, name: str, *, is_plugin: bool) -> str | None:
    if not is_plugin and _is_plugins(name):
        return "a file of rim-router"
    if name.endswith(_LINKS) or name == "egg-info":
        return "a link to other distributions"
    if is_of_other(name, project):
        return f"it would count as the installed project {project_of(name)}"
    return None


def is_of_other(name: str, project: str) -> bool:
    """Whether a name in a directory is that of core metadata, and not of a project's own (normalised)."""
    return name.casefold().endswith(_INFO) and project_of(name) != project


def project_of(info: str) -> str:
    """The project of which a ``.dist-info`` or ``.egg-info`` speaks, normalised, as pip reads its name."""
    return normalise(posixpath.splitext(info)[0].partition("-")[0])


def removal_faults(removed: Placed, ground: Ground) -> list[str]:
    """What would be removed and decides for other projects, or a directory around such a place."""
    around = {
        f"{path}/" for each in (ground.roots, ground.imports, ground.files, ground.plugin) for path in each
    }
    faults = []
    for entry, path in removed:
        where = spelling(path)
        parent, _, name = where.rpartition("/")
        if (
            where in ground.files
            or _is_within(f"{where}/", ground.plugin)
            or (parent in ground.imports and _is_plugins(name))
            or (parent in ground.roots and name in _AT_ROOTS)
            or any(each.startswith(f"{where}/") for each in around)
        ):
            faults.append(f"{entry} lists {path}, which would be removed with it")
    return faults


def _is_plugins(name: str) -> bool:
    return re.split("[.-]", name, maxsplit=1)[0] in _PACKAGES


def import_path_fault(line: str, directory: str, placed: Placed) -> str | None:
    """Why a wheel may not have a line of a ``.pth`` put something on Python's path; None if it may.

    It has to be a directory that the wheel itself fills, so that it is there from the next start on.

    :param line: as it stands there.
    :param directory: to which it leads, absolute.
    :param placed: all that the wheel brings.
    """
    where = spelling(directory)
    paths = [spelling(path) for _, path in placed]
    if not line.isascii() or not line.isprintable():
        return "with characters that systems read differently"
    if where.endswith(".egg") or where in paths:
        return "which is not a plain directory"
    return (
        None
        if any(path.startswith(f"{where}/") for path in paths)
        else "which the wheel itself does not fill"
    )


def entries_at(placed: Placed, directories: Collection[str], suffix: str) -> list[tuple[str, str]]:
    """The entries that go right into one of some directories under a name with this end.

    :returns: each with the path to which it goes.
    """
    found = []
    for entry, path in placed:
        parent, _, name = spelling(path).rpartition("/")
        if name.endswith(suffix) and parent in directories:
            found.append((entry, path))
    return found


def roots_among(directories: Iterable[str], ground: Ground) -> set[str]:
    """Those directories, spelt as :func:`spelling` does, in which a table could be in force."""
    inside = {
        each for each in directories if f"{each}/".startswith(tuple(f"{one}/" for one in ground.projects))
    }
    return {each for each in inside if not _is_within(f"{each}/", ground.spared)} | ground.roots


def metadata_entries(placed: Placed, ground: Ground) -> list[tuple[str, str]]:
    """The core metadata among what a wheel brings.

    :returns: the entry in the archive, and the path of the metadata as :func:`spelling` has it.
    """
    found = []
    for entry, path in placed:
        where = spelling(path)
        directory, _, name = where.rpartition("/")
        parent, _, info = directory.rpartition("/")
        in_directory = parent in ground.imports and name in _METADATA and info.endswith(_INFO)
        if in_directory or (directory in ground.imports and name.endswith(".egg-info")):
            found.append((entry, where))
    return found


def name_faults(project: str, metadata: Iterable[tuple[str, str, Collection[str]]]) -> list[str]:
    """In what a distribution is not the one project that was asked for.

    :param project: that was asked for, normalised.
    :param metadata: the entries of :func:`metadata_entries` with every ``Name`` in each.
    """
    faults = []
    seen: set[str] = set()
    for entry, where, names in metadata:
        if where in seen:
            faults.append(f"{entry} is not the only entry that would be written there")
        seen.add(where)
        parts = where.split("/")
        info = parts[-1] if parts[-1].endswith(_INFO) else parts[-2]
        if project_of(info) != project:
            faults.append(f"{entry} is in the place of {project_of(info)}")
        if len(names) != 1:
            faults.append(f"{entry} has {f'{len(names)} names' if names else 'no name'}")
        faults += [f"{entry} says that it is {name}" for name in names if normalise(name.strip()) != project]
    return faults if seen else ["it has no core metadata"]
