"""What becomes of a wheel when pip unpacks it: where its entries and records lead, and whose it is."""

from __future__ import annotations

import csv
import os
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.config.locate import has_table
from rim_router.errors import TableError
from rim_router.rules import contents
from rim_router.rules.contents import spelling

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator, Mapping

    from rim_router.rules.contents import Ground


class Wheel:
    """A wheel that is about to be installed, and where each of its entries goes.

    :param project: that was asked for, normalised.
    :param layout: the directories of the installation scheme by pip's keys.
    :param target: to which pip moves what it has written there; None for no ``--target``.
    :ivar placed: entries with paths; those of scripts that pip makes among them.
    :ivar info: the directory to which pip writes its core metadata; None if it has none.
    :ivar removed: the same for what the wheel does not have, and would be removed with the distribution.
    """

    def __init__(
        self, project: str, archive: zipfile.ZipFile, layout: Mapping[str, str], target: str | None = None
    ) -> None:
        self.project = project
        self._archive = archive
        names = self._archive.namelist()
        self.info = self._info(names, layout)
        self.placed = contents.destinations(names, layout)
        self.placed += self._scripts(names, layout["scripts"])
        self.removed = list(self._recorded(names, layout))
        if target is not None:
            bases = (layout["purelib"], layout["platlib"], layout["data"])
            self.placed = [(entry, _moved(path, bases, target)) for entry, path in self.placed]
            self.removed = [(entry, _moved(path, bases, target)) for entry, path in self.removed]
        self.placed, self.removed = list(_resolved(self.placed)), list(_resolved(self.removed))

    def read(self, entry: str) -> str:
        """The text of an entry."""
        return self._archive.read(entry).decode("utf-8", "replace")

    def _info(self, names: Iterable[str], layout: Mapping[str, str]) -> str | None:
        """The one directory that pip takes for its ``.dist-info``, where it is written first."""
        found = {name.partition("/")[0] for name in names}
        infos = [name for name in found if name.endswith(".dist-info")]
        if len(infos) != 1:
            return None  # pip refuses it
        try:
            about = HeaderParser().parsestr(self.read(f"{infos[0]}/WHEEL"))
        except KeyError:
            return None  # and this, too
        is_pure = str(about.get("Root-Is-Purelib", "")).lower() == "true"
        return os.path.join(layout["purelib" if is_pure else "platlib"], infos[0])  # noqa: PTH118

    def _of_dist_info(self, names: Iterable[str], wanted: str) -> Iterator[str]:
        for name in names:
            if name.lower().endswith(f".dist-info/{wanted}"):
                yield name

    def _scripts(self, names: Iterable[str], directory: str) -> Iterator[tuple[str, str]]:
        """The scripts that pip makes of entry points, whose names can have slashes in them."""
        for entry in self._of_dist_info(names, "entry_points.txt"):
            for name in contents.script_names(self.read(entry)):
                yield entry, os.path.normpath(os.path.join(directory, name))  # noqa: PTH118

    def _recorded(self, names: list[str], layout: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The files that RECORD lists and the wheel does not have: pip removes them with the distribution."""
        known = {name for name in names if not name.endswith("/")}
        for entry in self._of_dist_info(names, "record"):
            for row in csv.reader(self.read(entry).splitlines()):
                path = row[0].replace("\\", "/") if row else ""
                for base in (layout["purelib"], layout["platlib"]) if path and path not in known else ():
                    yield entry, os.path.normpath(os.path.join(base, path))  # noqa: PTH118

    def import_paths(self, ground: Ground) -> Iterator[tuple[str, str, str]]:
        """What its ``.pth`` files put on Python's path: the entry, its line, and where that leads."""
        for entry, path in contents.entries_at(self.placed, ground.imports, ".pth"):
            # Python's releases differ in what ends a line.
            text = self.read(entry)
            for line in dict.fromkeys(
                [*text.splitlines(), *(each.rstrip("\r") for each in text.split("\n"))]
            ):
                if line.strip() and not line.startswith(("#", "import ", "import\t")):
                    where = os.path.join(os.path.dirname(path), line.rstrip())  # noqa: PTH118, PTH120
                    yield entry, line, os.path.normpath(where)

    def name_faults(self, ground: Ground) -> list[str]:
        """In what it is not the project that was asked for."""
        metadata = contents.metadata_entries(self.placed, ground)
        return contents.name_faults(
            self.project, [(entry, where, _names(self.read(entry))) for entry, where in metadata]
        )

    def tables(self, ground: Ground) -> Iterator[str]:
        """The ``pyproject.toml`` files in it that would be a routing table."""
        within = {spelling(os.path.dirname(path)) for _, path in self.placed}  # noqa: PTH120
        for entry, path in contents.entries_at(
            self.placed, contents.roots_among(within, ground), contents.PYPROJECT
        ):
            if spelling(path).endswith(f"/{contents.PYPROJECT}"):
                try:
                    is_table = has_table(self._archive.read(entry), Path(path))
                except TableError:
                    is_table = True  # it says that it has one
                if is_table:
                    yield f"{entry} leads to {path}: a routing table"


def _names(text: str) -> list[str]:
    return [str(name) for name in HeaderParser().parsestr(text).get_all("Name", [])]


def _moved(path: str, bases: Iterable[str], target: str) -> str:
    """Where pip moves a file with ``--target``: the libraries come first."""
    where = spelling(path)
    base = next((base for base in bases if where.startswith(spelling(base) + "/")), None)
    return path if base is None else target + path[len(base) :]


def _resolved(placed: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The same paths without links on the way: through them a wheel can reach other directories."""
    known: dict[str, str] = {}
    for entry, path in placed:
        directory, name = os.path.split(path)
        if directory not in known:
            known[directory] = os.path.realpath(directory)
        yield entry, os.path.join(known[directory], name)  # noqa: PTH118
