"""A table that is being written: its indexes, its routes, and what could not be carried over."""

from __future__ import annotations

import json
import re
from itertools import chain, count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from rim_router.cli.init.addresses import Addresses, is_loopback, shown
from rim_router.cli.questions import ALL_NAMES, question
from rim_router.config.files import FILE_NAME, LayerFile
from rim_router.config.keys import RESERVED
from rim_router.config.parse import parse
from rim_router.errors import RimRouterError
from rim_router.libraries import library
from rim_router.rules.contents import PLUGIN
from rim_router.rules.names import Pattern
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ALL = "*"
_STRING = r'"(?:[^"\\]|\\.)*"'
_NOWHERE = '{ deny = "write its index here" }'
_REPOSITORIES = {"git", "hg", "svn", "bzr"}
_SEE_NOTES = "see the notes above"
_PUBLIC = ("://pypi.org/", "://test.pypi.org/")
_NO_INDEX = '"wheels"'  # found nowhere by its name; what is named by a path can be installed


class InitError(RimRouterError):
    """A table is there already or cannot be written, or there is no such preset."""

    reference = "init-failed"


class Line:
    """One line of the table.

    :param value: TOML; of an index its URL or inline table.
    :param origin: where it was read.
    :param unfit: why it is only a comment; empty for one that counts.
    :ivar by_marker: of a route that was read, the name of the index for each marker; None: for all.
    :ivar remark: what the table says beside it.
    """

    def __init__(self, value: str, origin: str, unfit: str = "") -> None:
        self.value = value
        self.origin = origin
        self.unfit = unfit
        self.by_marker: dict[str | None, str] = {}
        self.remark = origin


class Draft:
    """The indexes and routes so far. Nothing in it has a password."""

    def __init__(self) -> None:
        self.indexes: dict[str, Line] = {}
        self.routes: dict[str, Line] = {}
        self.notes: list[str] = []
        self.addresses = Addresses()
        # What the tool keeps away from its main index, and nothing here says where to: denied in the end.
        self._kept_away: dict[str, Line] = {}
        self._settled: frozenset[str] = frozenset()
        self._is_open = False
        self._asked_first: list[str] = []
        self._urls: dict[tuple[str, bool], str] = {}

    def note(self, text: str) -> None:
        """Say what was not carried over."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def variables(self) -> list[str]:
        """Those that the table has in the place of secrets."""
        values = [line.value for line in self.indexes.values() if not line.unfit]
        return [each for each in self.addresses.variables if any(f"${{{each}}}" in value for value in values)]

    def settle(self) -> None:
        """Have the routes so far win over all that comes."""
        self._settled = frozenset(self.routes)

    def index(
        self,
        name: str,
        url: str,
        origin: str,
        *,
        flat: bool = False,
        unfit: str = "",
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> str | None:
        """The name of the index of a URL, which is added if it is new; None if it cannot be one.

        :param options: further keys.
        :param unfit: why nothing may lead to it.
        """
        plain, fault = self.addresses.plain(name, url)
        known = self._urls.get((plain.rstrip("/"), flat))
        if known is not None:
            if not self.indexes[known].unfit or unfit:
                return None if self.indexes[known].unfit else known
            del self.indexes[known]
        if fault:
            self.note(f"{origin}: {shown(plain)} {fault}")
            return None
        taken = {*self.indexes, *RESERVED}
        name = next(each for each in chain([name], (f"{name}-{n}" for n in count(2))) if each not in taken)
        if plain.startswith("http://") and not is_loopback(plain):
            unfit = unfit or "plain http, which can be tampered with: write https if it speaks that"
        keys = {"url": plain, **({"format": "flat"} if flat else {}), **options}
        value = quoted(plain) if len(keys) == 1 else inline(keys)
        fault = self._fault(f"[indexes]\n{quoted(name)} = {value}")
        if fault:
            self.note(f"{origin}: {fault}")
            return None
        self.indexes[name] = Line(value, origin, unfit)
        self._urls[plain.rstrip("/"), flat] = name
        return None if unfit else name

    def project(self, project: str, name: str | None, origin: str, marker: str | None = None) -> None:
        """Have one project lead to an index; what other tools say of projects is no pattern."""
        if "*" in project:
            self.note(f"{origin}: {visible(project)} is not the name of a project")
            self._is_open = True
        else:
            self.route(project, name, origin, marker)

    def route(self, pattern: str, name: str | None, origin: str, marker: str | None = None) -> None:
        """Have a pattern lead to an index, unless that cannot be used."""
        key = self._key(pattern, origin)
        if key is None:
            return
        if name is None:
            self.note(f"{origin}: {key} has no index that can be used here")
            self.keep_away(key, origin)
            return
        value = quoted(name) if marker is None else f"[{inline({'index': name, 'marker': marker})}]"
        fault = self._fault(
            f'[indexes]\n{quoted(name)} = "https://x.example"\n[routes]\n{quoted(key)} = {value}'
        )
        if fault:
            self.note(f"{origin}: {key}: {fault}")
            self.keep_away(key, origin)
            return
        marker = None if marker is None else str(library("packaging.markers").Marker(marker))
        there = self.routes.setdefault(key, Line(value, origin))
        if there.value == value or there.by_marker.get(marker) == name:
            there.by_marker[marker] = name
        elif (
            key in self._settled
            or there.value == _NOWHERE
            or marker is None
            or not there.value.startswith("[")
            or marker in there.by_marker
        ):
            self._differ(key, there, name, origin)
        else:
            if there.origin != origin and {*there.by_marker.values()} != {name}:
                self.note(
                    f"{key} has markers in {there.origin} and in {origin}: where both hold, the first counts"
                )
            there.value = f"{there.value[:-1]}, {value[1:]}"
            there.by_marker[marker] = name

    def _differ(self, key: str, there: Line, name: str, origin: str) -> None:
        """Two say different things of a pattern: a preset is the user's own word, no other is better."""
        if key in self._settled:
            self.note(f"{origin}: {key} leads to {name} there, and to another index here ({there.origin})")
        elif there.value == _NOWHERE:
            self.note(f"{key} also leads to {name} in {origin}")
        else:
            self.note(
                f"{key} leads to {name} in {origin}, and to another index in {there.origin}: choose one"
            )
            there.value, there.remark = _NOWHERE, _SEE_NOTES

    def keep_away(self, pattern: str, origin: str, value: str = _NOWHERE) -> None:
        """Note that a pattern is not to lead to the main index, wherever it does."""
        key = self._key(pattern, origin)
        if key is not None:
            self._kept_away.setdefault(key, Line(value, origin))

    def _key(self, pattern: str, origin: str) -> str | None:
        try:
            return str(Pattern.parse(pattern))
        except ValueError as error:
            self.note(f"{origin}: {visible(str(error))}")
            self._is_open = True  # whatever it means would go where all names go
            return None

    def from_no_index(self, project: str, origin: str, kinds: Iterable[str]) -> None:
        """Note that a project comes from a repository or a directory, and so from no index here either."""
        if "*" in project:
            self.project(project, None, origin)
            return
        found = set(kinds)
        how = "pip takes it by its path"
        if found & _REPOSITORIES:
            how = "pip refuses it as a URL, so clone it: pip takes it by its path"
        elif "url" in found:
            how = "pip takes it by its URL if you add its hash: #sha256=…"
        self.note(f"{origin}: a source that is no index ({', '.join(sorted(found))}): {how}")
        self.keep_away(project, origin, _NO_INDEX)

    def default(self, name: str | None, origin: str) -> None:
        """Have all other names lead to an index, unless something before has said where.

        :param name: None if the index that is meant cannot be used: then they lead nowhere else either.
        """
        there = self.routes.get(ALL)
        if there is not None and there.unfit:
            self.note(f"{origin} is {name or 'another index'}, and not what all names lead to here")
        elif there is not None:
            if name is None or there.value != quoted(name):
                self._differ(ALL, there, name or "an index that cannot be used", origin)
        elif name is None:
            self.routes[ALL] = Line(ALL_NAMES, origin, f"{origin} cannot be used as it is")
        else:
            self.routes[ALL] = Line(quoted(name), origin)

    def deny_others(self, reason: str) -> None:
        """Have no other name lead anywhere, as the tool does."""
        self.routes.setdefault(ALL, Line(inline({"deny": reason}), "as there"))

    def for_every_name(
        self, name: str, url: str, origin: str, *, flat: bool = False, first: bool = False
    ) -> None:
        """An index that the tool asks for every name: which names are its own, only people know.

        :param first: whether what it has comes from nowhere else there.
        """
        if first:
            self.asked_first(name)
        self.index(name, url, origin, flat=flat, unfit=f"{origin} asks it for every name: see [routes]")

    def asked_first(self, name: str) -> None:
        """Have no other name lead anywhere: one that this index has would come from the main one."""
        if name not in self._asked_first:
            self._asked_first.append(name)

    def _fault(self, table: str) -> str:
        """What is wrong with a small table, as if each variable were set: what is right then is right."""
        file = LayerFile("project", Path.cwd() / FILE_NAME, False, table.encode())
        faults = parse(file, dict.fromkeys(self.addresses.variables, "x")).faults
        return shown(faults[0].message) if faults else ""

    def text(self, head: list[str], schema: str | None) -> str:
        """The table, as TOML.

        :param schema: for editors, as they take it; None for none.
        """
        for key, line in self._kept_away.items():
            self.routes.setdefault(key, line)
        for key, line in list(self.routes.items()):
            if key.endswith("-*"):
                self._bare_name(key, line)
        if self._is_open:
            why = "a name above could not be carried over: write it, then the index of all others here"
            self.routes[ALL] = Line(inline({"deny": _SEE_NOTES}), why)
        elif self._asked_first and ALL not in self._settled:
            main = self.routes.get(ALL)
            names = ", ".join(map(visible, self._asked_first))
            reason = f"write first which names come from {names}, then the index of all others here"
            then = "" if main is None else f"then: {main.value} ({main.remark})"
            self.routes[ALL] = Line(inline({"deny": reason}), then or _SEE_NOTES)
        plugin = self.routes.setdefault(PLUGIN, Line(_NO_INDEX, "only files that you name may replace it"))
        if plugin.value.startswith("["):
            plugin.value = f"{plugin.value[:-1]}, {{ index = {_NO_INDEX} }}]"
        used = re.findall(_STRING, " ".join(line.value for line in self.routes.values()))
        for name, line in self.indexes.items():
            if quoted(name) not in used and not line.unfit:
                line.unfit = f"{line.origin}; no route leads there"
        return "\n".join([*([] if schema is None else [f"#:schema {schema}"]), *self._lines(head), ""])

    def _bare_name(self, key: str, line: Line) -> None:
        """A prefix does not cover the name before its hyphen, which somebody else could own elsewhere."""
        there = self.routes.setdefault(key[:-2], Line(line.value, f"{key} does not cover it"))
        if there.value not in (line.value, _NO_INDEX) and "deny = " not in there.value:
            self.note(
                f"{key} leads to {line.value}, and {key[:-2]} to {there.value} ({there.origin}): choose one"
            )
            there.value, there.remark = _NOWHERE, _SEE_NOTES

    def _lines(self, head: list[str]) -> Iterator[str]:
        yield from _comment(head)
        if self.variables:
            yield "#"
            yield "# Set these in the environment; no password is written here:"
            yield from _comment([f"  {variable}" for variable in self.variables])
        if self.notes:
            yield "#"
            yield "# Not carried over:"
            yield from _comment([f"* {note}" for note in self.notes])
        if self.indexes:
            yield ""
            yield "[indexes]"
            yield from _aligned(self.indexes)
        yield ""
        yield "[routes]"
        for name, line in self.indexes.items():
            if line.unfit:
                yield self._question(name)
        order = sorted(self.routes.items(), key=lambda item: item[0] == ALL)
        yield from _aligned(dict(order))

    def _question(self, name: str) -> str:
        """What is asked of an index: of a public one, which has every name, it is asked of the main one."""
        main = self.routes[ALL].value if ALL in self.routes else ""
        is_public = any(public in self.indexes[name].value for public in _PUBLIC)
        is_main = is_public and main.startswith('"') and main != ALL_NAMES
        return question(main, quoted(name)) if is_main else question(quoted(name), None)


def _aligned(lines: dict[str, Line]) -> Iterator[str]:
    keys = {name: name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name) for name in lines}
    width = max((len(keys[name]) for name, line in lines.items() if not line.unfit), default=0)
    for name, line in lines.items():
        if line.unfit:
            yield f"# {keys[name]} = {line.value}  # {visible(line.unfit)}"
        else:
            yield f"{keys[name].ljust(width)} = {line.value}  # {visible(line.remark)}"


def _comment(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"# {visible(line)}".rstrip()


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(keys: dict[str, object]) -> str:
    """A TOML inline table of strings, numbers and arrays of them."""
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in keys.items()) + " }"


def _value(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, (list, tuple)) else json.dumps(value)
